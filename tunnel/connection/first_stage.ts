import { OLDEST_DENO, OLDEST_NODE, TOO_OLD } from "../../agent/protocol/exit_code.ts";

/** JavaScript that tells whether the version `a.b`, of which both are strings, is too old. */
function isOlderThan(oldest: string): string {
  const [major, minor] = oldest.split(".");
  return `a<${major}` + (minor === undefined ? "" : `||a==${major}&&b<${minor}`);
}

/**
 * The pipe is at the file descriptors 3 and 4. The agent's size (u32) arrives first, then the agent
 * (a module, compressed with Brotli), and then frames, which the agent takes over with the pipe.
 *
 * The pipe is read into one buffer, over and over. Deno would otherwise make a new one of 64 KiB
 * for each read, and spend more time on that than on anything else when much arrives.
 *
 * Before it reads, it tells so on descriptor 5: from then on no other interpreter can take its
 * place. Code may keep the thread busy as soon as it has read.
 *
 * It does not import `node:process`: Node would make its stdout and stderr then, which the agent
 * has to replace first. Node does so, too, when a socket is destroyed, as after its `end()`.
 */
const SOURCE = `
import{Socket}from"node:net"
import{brotliDecompressSync as u}from"node:zlib"
import v from"node:vm"
let D=globalThis.Deno,[a,b]=(D?D.version.deno:process.versions.node).split("."),
c=[],g,
f=async x=>{
c.push(Buffer.from(x))
if(g)return
x=Buffer.concat(c)
c=[x]
if(x.length<4)return
let n=x.readUInt32BE()+4
if(x.length<n)return
g=1
c=[x.subarray(n)]
let m=new v.SourceTextModule(u(x.subarray(4,n))+"",{identifier:"chopsticks:agent",importModuleDynamically:s=>import(s)})
await m.link(async s=>{let o=await import(s),k=Object.keys(o);return new v.SyntheticModule(k,function(){for(let n of k)this.setExport(n,o[n])})})
await m.evaluate()
f=m.namespace.start(i,Buffer.concat(c))
},
i
if(!v.SourceTextModule||(D?${isOlderThan(OLDEST_DENO)}:${
  isOlderThan(OLDEST_NODE)
}))(D||process).exit(${TOO_OLD})
new Socket({fd:5,readable:false,writable:true})[D?"end":"write"]("u\\n",()=>i=new Socket({fd:3,readable:true,writable:false,onread:{buffer:Buffer.alloc(65536),callback:(n,b)=>(f(b.subarray(0,n)),true)}}))
`;

/**
 * The program that runs first in an interpreter at the far end, without the line breaks at its
 * ends. It checks the version, reads the agent from the pipe and starts it. It must stay under
 * 1 KB, since it is part of the command line there, where anybody can see it.
 */
export const FIRST_STAGE: string = SOURCE.trim();

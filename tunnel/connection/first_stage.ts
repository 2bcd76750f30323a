/**
 * What runs first in an interpreter at the far end. It checks the version,
 * reads the agent from the pipe and starts it. Kept under 1 KB, since it is
 * part of the command line there, where anybody can see it.
 */

/** The oldest Deno that has all an agent needs: `vm.SourceTextModule`. */
export const OLDEST_DENO = "2.9";

/** The oldest Node that agents are tested with. */
export const OLDEST_NODE = "18";

/** The exit code by which the first stage says that its interpreter is too old. */
export const TOO_OLD = 91;

/**
 * The pipe is at file descriptors 3 and 4. What arrives first is the agent's
 * size (u32), the agent (a module, compressed with Brotli), and then frames,
 * which the agent takes over together with the pipe.
 *
 * The pipe is read into one buffer, over and over: Deno would make a new one of 64 KiB for each read, and
 * spend more time on that than on anything else when much comes.
 */
const SOURCE = `
import{Socket}from"node:net"
import{brotliDecompressSync as u}from"node:zlib"
import v from"node:vm"
import P from"node:process"
let D=globalThis.Deno,[a,b]=(D?D.version.deno:P.versions.node).split("."),
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
i=new Socket({fd:3,readable:true,writable:false,onread:{buffer:Buffer.alloc(65536),callback:(n,b)=>(f(b.subarray(0,n)),true)}})
if(D?a<2||a==2&&b<9:a<18)P.exit(${TOO_OLD})
`;

/** The first stage, without the line breaks at its ends. */
export const FIRST_STAGE: string = SOURCE.trim();

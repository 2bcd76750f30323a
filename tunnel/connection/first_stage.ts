import { OLDEST_DENO, OLDEST_NODE, TOO_OLD } from "../../agent/protocol/exit_code.ts";

/** JavaScript that tells whether the version `a.b`, of which both are strings, is too old. */
function isOlderThan(oldest: string): string {
  const [major, minor] = oldest.split(".");
  return `a<${major}` + (minor === undefined ? "" : `||a==${major}&&b<${minor}`);
}

/**
 * The pipe is at the file descriptors 3 and 4. First come a byte, which is 0 if the agent is
 * compressed with Brotli, and the agent's size in three bytes, then the agent (a script in ASCII,
 * whose value has `start()`), and then frames, which the agent takes over with the pipe.
 *
 * Deno reads the agent by a file, since its modules of Node's take longer to load than itself, and
 * without more than its code needs. Where it may not, and on Node, a socket reads the pipe into one
 * buffer, over and over: Deno would otherwise make a new one of 64 KiB for each read, and spend
 * more time on that than on anything else when much arrives.
 *
 * Deno unpacks the agent by bare streams: `Response` takes 3 ms to load.
 *
 * Before it reads, it tells so on descriptor 5: from then on no other interpreter can take its
 * place. Code may keep the thread busy as soon as it has read.
 *
 * It does not import `node:process`: Node would make its stdout and stderr then, which the agent
 * has to replace first. Node does so, too, when a socket is destroyed, as after its `end()`.
 */
const SOURCE = `
let D=globalThis.Deno,[a,b]=(D?D.version.deno:process.versions.node).split("."),v=D||await import("node:vm"),U=Uint8Array,
c=new U(0),g,i,T=y=>new TextDecoder().decode(y),
f=async x=>{
let t=new U(c.length+x.length),n;
t.set(c);
t.set(x,c.length);
c=t;
n=4+(t[1]<<16|t[2]<<8|t[3]);
if(g||t.length<n)return;
g=1;
x=t.subarray(4,n);
c=t.subarray(n);
f=await(0,eval)(t[0]?T(x):D?(await Array.fromAsync(ReadableStream.from([x]).pipeThrough(new DecompressionStream("brotli")),T)).join(""):T((await import("node:zlib")).brotliDecompressSync(x))).start(i);
f(c)
};
if(D?${isOlderThan(OLDEST_DENO)}:!v.SourceTextModule||${
  isOlderThan(OLDEST_NODE)
})(D||process).exit(${TOO_OLD});
let u=new U([117,10]);
try{
i=D.openSync("/dev/fd/3");
D.openSync("/dev/fd/5",{write:!0}).writeSync(u);
for(let B=new U(6e4);!g;)f(B.subarray(0,i.readSync(B)||D.exit()))
}catch{
let{Socket:S}=await import("node:net");
new S({fd:5,readable:!1,writable:!0})[D?"end":"write"](u,()=>i=new S({fd:3,readable:!0,writable:!1,onread:{buffer:new U(65536),callback:(n,b)=>(f(b.subarray(0,n)),1)}}))
}
`;

/**
 * The program that runs first in an interpreter at the far end: a module's URL, to stand between
 * single quotes of a shell and of JavaScript. It checks the version, reads the agent from the pipe
 * and starts it. It must stay under 1 KB, since it is part of the command line there, where anybody
 * can see it; in base64 it would be a third longer.
 */
export const FIRST_STAGE: string = `data:text/javascript,${
  SOURCE.replaceAll("\n", "").replace(/[%#?'\\]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
}`;

// Made by `deno task bundle` from trace_service.ts in this folder. Do not edit.

/** How an agent continues traces: an ECMAScript module. */
export const TRACES_BUNDLE: string =
  "var u=Symbol.for(\"chopsticks.agent\");function o(){return globalThis[u]}var g=Symbol.for(\"opentelemetry.js.api.1\");function i(){let e=globalThis[g];return e?.trace===void 0?void 0:e}function x(e,a,s){let n=()=>o().handleChannel(e,s),{context:r,propagation:t}=i()??{};if(r===void 0||t===void 0)return n();let d=t.extract(r.active(),a,{get:(c,l)=>c[l],keys:Object.keys});r.with(d,n)}export{x as call};\n";

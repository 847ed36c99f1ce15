import{i,r}from"./index-aqvhbrr4.js";import{s}from"./index-qc0fycth.js";function c(n,u){let[o,a]=r();return i(()=>{let t=new AbortController;return s(u(t.signal)).then((e)=>a({key:n,data:e}),(e)=>{if(!t.signal.aborted)a({key:n,error:e})}),()=>t.abort()},[n]),o?.key===n?o:{}}
export{c};

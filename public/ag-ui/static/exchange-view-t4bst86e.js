import{H}from"./index-9xaaj007.js";import"./index-kc0jtr7k.js";export{H as default};

import{H}from"./index-v52pxgc1.js";import"./index-83db6zgj.js";export{H as default};

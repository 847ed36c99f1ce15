import{H}from"./index-m08mw1dp.js";import"./index-7agz71p1.js";export{H as default};

function f(){}
export{f};

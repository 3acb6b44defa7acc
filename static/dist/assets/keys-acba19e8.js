import{aD as n}from"./index-1b3d3192.js";function t(e){n(()=>(document.addEventListener("keydown",e),()=>{document.removeEventListener("keydown",e)}))}export{t as u};

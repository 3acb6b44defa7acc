import{R as n}from"./index-095560e8.js";function t(e){n(()=>(document.addEventListener("keydown",e),()=>{document.removeEventListener("keydown",e)}))}export{t as u};

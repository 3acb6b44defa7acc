import{R as n}from"./index-ea6b4d49.js";function t(e){n(()=>(document.addEventListener("keydown",e),()=>{document.removeEventListener("keydown",e)}))}export{t as u};

import{X as n}from"./index-fc2c1030.js";function t(e){n(()=>(document.addEventListener("keydown",e),()=>{document.removeEventListener("keydown",e)}))}export{t as u};

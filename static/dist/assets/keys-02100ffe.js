import{aD as n}from"./index-684096b5.js";function t(e){n(()=>(document.addEventListener("keydown",e),()=>{document.removeEventListener("keydown",e)}))}export{t as u};

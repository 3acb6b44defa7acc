<<<<<<<< HEAD:static/dist/assets/copy-8845e0f0.js
import{h as i}from"./index-bf6253c9.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
========
import{h as i}from"./index-067f0eec.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
>>>>>>>> a31302d5 (Build the web app and the list of modules again):static/dist/assets/copy-d8a989bd.js

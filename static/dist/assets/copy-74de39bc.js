<<<<<<< HEAD:static/dist/assets/copy-80929ff1.js
<<<<<<<< HEAD:static/dist/assets/copy-863f1fa7.js
import{h as i}from"./index-b840345c.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
========
import{h as i}from"./index-acf53cee.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
>>>>>>>> 759b6f55 (Send a link by e-mail to users who forgot their password):static/dist/assets/copy-80929ff1.js
=======
import{h as i}from"./index-3ccc75d1.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
>>>>>>> 14d1fbc3 (Ask before a session is handed over):static/dist/assets/copy-74de39bc.js

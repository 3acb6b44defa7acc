<<<<<<< HEAD:static/dist/assets/copy-7d1b31dd.js
<<<<<<<< HEAD:static/dist/assets/copy-4bfbb8e7.js
import{h as i}from"./index-0e6791d7.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
========
import{h as i}from"./index-d17a8a06.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
>>>>>>>> 26ddc4b2 (Show the session's files as a tree that everybody can change):static/dist/assets/copy-7d1b31dd.js
=======
import{h as i}from"./index-e5b88b5c.js";async function a(e){try{return await navigator.clipboard.writeText(e),!0}catch{return!1}}async function r(e,t){i(await a(e)?`The ${t} is copied`:`Copying is not allowed here: select the ${t}`)}export{r as c,a as i};
>>>>>>> af18fc95 (Show files under their names in versions and the replay):static/dist/assets/copy-c9ce2171.js

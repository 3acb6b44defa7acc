import{R as a,aT as d,c as p,a2 as m,g as h,z as u,d as e,a3 as v,t as c}from"./index-4bf2f700.js";const y=(r,o)=>`import * as Y from "yjs"
import { WebsocketProvider } from "y-websocket"

const doc = new Y.Doc()
const provider = new WebsocketProvider("${r}/sync", "${o}", doc, {
  params: { token: accessToken }, // from POST /user/login
})`,S=[["CodeMirror 6","npm install codemirror yjs y-websocket y-codemirror.next",`import { basicSetup, EditorView } from "codemirror"
import { yCollab } from "y-codemirror.next"

const text = doc.getText("codemirror")
new EditorView({
  doc: text.toString(),
  extensions: [basicSetup, yCollab(text, provider.awareness)],
  parent: document.querySelector("#editor"),
})`],["Monaco","npm install monaco-editor yjs y-websocket y-monaco",`import * as monaco from "monaco-editor"
import { MonacoBinding } from "y-monaco"

const editor = monaco.editor.create(document.querySelector("#editor"))
new MonacoBinding(
  doc.getText("codemirror"), editor.getModel(), new Set([editor]), provider.awareness,
)`],["Plain Yjs","npm install yjs y-websocket ws",`const text = doc.getText("codemirror")
text.observe(() => console.log(text.toString()))
provider.once("sync", () => text.insert(0, "hello "))
// in Node: import WebSocket from "ws" and add WebSocketPolyfill: WebSocket to the options`]];function s({title:r,code:o}){const n=()=>navigator.clipboard.writeText(o).then(()=>c("Copied"),()=>c("Copying is not allowed here: select the text"));return e("figure",{class:"snippet",children:[e("figcaption",{children:[r,e("button",{type:"button",class:"ghost small",onClick:()=>void n(),children:["Copy",e("span",{class:"sr-only",children:[" ",r]})]})]}),e("pre",{tabIndex:0,children:e("code",{children:o})})]})}function f(){const r=a([]),o=a(new URLSearchParams(d.value).get("session")??"SESSION_ID");p(()=>{if(!m.value)return;const t=h("/session?limit=50");return u(t,({items:i})=>r.value=i,()=>{})},[]);const n=location.origin.replace("http","ws");return e(v,{title:"For developers",children:[e("h1",{children:"Connect an editor of your own"}),e("p",{children:["This server speaks the y-websocket protocol at ",e("code",{children:[n,"/sync"]}),"; the room's name is the session's id. Routes, fields and errors are in the ",e("a",{href:"/docs",children:"API reference"}),", also as"," ",e("a",{href:"/openapi.json",children:"OpenAPI"}),"."]}),e("label",{class:"field",children:[e("span",{children:"Session"}),e("select",{value:o.value,onChange:t=>o.value=t.currentTarget.value,children:[e("option",{value:"SESSION_ID",children:"any: fill in the id"}),r.value.map(t=>e("option",{value:t.id,children:t.title},t.id)),o.value!=="SESSION_ID"&&!r.value.some(t=>t.id===o.value)&&e("option",{value:o.value,children:o.value})]})]}),e("h2",{children:"1. Get a token"}),e(s,{title:"Shell",code:`curl ${location.origin}/user/login \\
  -H 'Content-Type: application/json' \\
  -d '{"username": "ada", "password": "…"}'`}),e("h2",{children:"2. Connect"}),e(s,{title:"JavaScript",code:y(n,o.value)}),e("h2",{children:"3. Give the text to an editor"}),S.map(([t,i,l])=>e(s,{title:t,code:`// ${i}
${l}`},t))]})}export{f as default};

import{n as l,bd as u,aj as y,l as g,g as S,a1 as f,q as e,ak as b,h as p}from"./index-6b1c489f.js";const s="SESSION_ID",v=(n,r)=>`import * as Y from "yjs"
import { WebsocketProvider } from "y-websocket"

const doc = new Y.Doc()
const provider = new WebsocketProvider("${n}/sync", "${r}", doc, {
  params: { token: accessToken }, // from POST /user/login
})`,w=[["CodeMirror 6","npm install codemirror yjs y-websocket y-codemirror.next",`import { basicSetup, EditorView } from "codemirror"
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
// in Node: import WebSocket from "ws" and add WebSocketPolyfill: WebSocket to the options`]];function c({title:n,code:r}){const t=()=>navigator.clipboard.writeText(r).then(()=>p("Copied"),()=>p("Copying is not allowed here: select the text"));return e("figure",{class:"snippet",children:[e("figcaption",{children:[n,e("button",{type:"button",class:"ghost small",onClick:()=>void t(),children:["Copy",e("span",{class:"sr-only",children:[" ",n]})]})]}),e("pre",{tabIndex:0,children:e("code",{children:r})})]})}function k(){const[n,r]=l([]),[t,m]=l(()=>new URLSearchParams(u.value).get("session")??s),a=!!y.value;g(()=>{if(!a)return;const o=S("/session?limit=50");return f(o,({items:i})=>r(i),()=>{})},[a]);const d=location.origin.replace("http","ws");return e(b,{title:"For developers",children:[e("h1",{children:"Connect an editor of your own"}),e("p",{children:["This server speaks the y-websocket protocol at ",e("code",{children:[d,"/sync"]}),"; the room's name is the session's id. Routes, fields and errors are in the ",e("a",{href:"/docs",children:"API reference"}),", also as"," ",e("a",{href:"/openapi.json",children:"OpenAPI"}),"."]}),e("label",{class:"field",children:[e("span",{children:"Session"}),e("select",{value:t,onChange:o=>m(o.currentTarget.value),children:[e("option",{value:s,children:"any: fill in the id"}),n.map(o=>e("option",{value:o.id,children:o.title},o.id)),t!==s&&!n.some(o=>o.id===t)&&e("option",{value:t,children:t})]})]}),e("h2",{children:"1. Get a token"}),e(c,{title:"Shell",code:`curl ${location.origin}/user/login \\
  -H 'Content-Type: application/json' \\
  -d '{"username": "ada", "password": "…"}'`}),e("h2",{children:"2. Connect"}),e(c,{title:"JavaScript",code:v(d,t)}),e("h2",{children:"3. Give the text to an editor"}),w.map(([o,i,h])=>e(c,{title:o,code:`// ${i}
${h}`},o))]})}export{k as default};

import{F as l,aG as h,ag as u,D as y,g,a7 as f,E as e,au as S}from"./index-23973d8b.js";import{c as v}from"./copy-b2c8f977.js";const i="SESSION_ID",b=(n,r)=>`import * as Y from "yjs"
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
})`],["Monaco","npm install monaco-editor@0.55 yjs y-websocket y-monaco",`import * as monaco from "monaco-editor"
import { MonacoBinding } from "y-monaco"

const editor = monaco.editor.create(document.querySelector("#editor"))
new MonacoBinding(
  doc.getText("codemirror"), editor.getModel(), new Set([editor]), provider.awareness,
)`],["Plain Yjs","npm install yjs y-websocket ws",`const text = doc.getText("codemirror")
text.observe(() => console.log(text.toString()))
provider.once("sync", () => text.insert(0, "hello "))
// in Node: import WebSocket from "ws" and add WebSocketPolyfill: WebSocket to the options`]];function c({title:n,code:r}){return e("figure",{class:"snippet",children:[e("figcaption",{children:[n,e("button",{type:"button",class:"ghost small",onClick:()=>void v(r,"code"),children:["Copy",e("span",{class:"sr-only",children:[" ",n]})]})]}),e("pre",{tabIndex:0,children:e("code",{children:r})})]})}function P(){const[n,r]=l([]),[t,p]=l(()=>new URLSearchParams(h.value).get("session")??i),a=!!u.value;y(()=>{if(!a)return;const o=g("/session?limit=50");return f(o,({items:s})=>r(s),()=>{})},[a]);const d=location.origin.replace("http","ws");return e(S,{title:"For developers",children:[e("h1",{children:"Connect an editor of your own"}),e("p",{children:["This server speaks the y-websocket protocol at ",e("code",{children:[d,"/sync"]}),"; the room's name is the session's id. Routes, fields and errors are in the ",e("a",{href:"/docs",children:"API reference"}),", also as ",e("a",{href:"/openapi.json",children:"OpenAPI"}),"."]}),e("label",{class:"field",children:[e("span",{children:"Session"}),e("select",{value:t,onChange:o=>p(o.currentTarget.value),children:[e("option",{value:i,children:"any: fill in the id"}),n.map(o=>e("option",{value:o.id,children:o.title},o.id)),t!==i&&!n.some(o=>o.id===t)&&e("option",{value:t,children:t})]})]}),e("h2",{children:"1. Get a token"}),e(c,{title:"Shell",code:`curl ${location.origin}/user/login \\
  -H 'Content-Type: application/json' \\
  -d '{"username": "ada", "password": "…"}'`}),e("h2",{children:"2. Connect"}),e(c,{title:"JavaScript",code:b(d,t)}),e("h2",{children:"3. Give the text to an editor"}),w.map(([o,s,m])=>e(c,{title:o,code:`// ${s}
${m}`},o))]})}export{P as default};

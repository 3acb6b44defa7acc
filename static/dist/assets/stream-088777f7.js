import{a5 as o}from"./index-e553f9b5.js";const r=e=>o.define(e);export{r as fromMode};

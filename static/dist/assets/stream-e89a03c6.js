import{a0 as o}from"./index-88695419.js";const r=e=>o.define(e);export{r as fromMode};

import{h as o,s}from"./index-d1f8f95e.js";import{o as r}from"./index-d1f8f95e.js";import{k as a}from"./stream-c5ff5e5c.js";const e=[o(),a.of(s)];export{r as openSearchPanel,e as search};

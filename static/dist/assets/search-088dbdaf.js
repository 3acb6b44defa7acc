import{h as o,s}from"./index-273f68fa.js";import{o as r}from"./index-273f68fa.js";import{k as a}from"./stream-56674b3a.js";const e=[o(),a.of(s)];export{r as openSearchPanel,e as search};

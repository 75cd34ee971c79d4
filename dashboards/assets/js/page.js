// Brings the page to life: the stream's state, values as they come, panels anew, alerts said aloud.

import { follows, on, open } from './stream.js';
import { refresh, write } from './panels.js';

// How often panels are fetched while something comes in, which the page says, and how soon after an alert. The
// server looks at its store anew after two seconds at the earliest.
const OFTEN = Number(document.body.dataset.often);
const SOON = Number(document.body.dataset.soon);

const words = document.body.dataset;
const live = document.getElementById('live');
const say = document.getElementById('say');

function show(ok) {
  const text = ok ? words.live : words.lost, span = live.querySelector('span');
  live.classList.toggle('on', ok);
  live.classList.toggle('off', !ok);
  live.title = text;
  if (span.textContent !== text) span.textContent = text;
}

// What is heard may be in the store a moment later: the last news is looked at twice. Without any the page looks now and then,
// since what says nothing grows old.
const LOOKS = 2, STILL = 60000;
let news = LOOKS, looked = Date.now(), due = 0, timer = 0;

function plan(delay) {
  const at = Date.now() + delay;
  if (timer && due <= at) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(async () => {
    timer = 0;
    if (document.hidden || (follows && !news && Date.now() - looked < STILL)) return plan(OFTEN);
    news = Math.max(news - 1, 0);
    if (await refresh()) looked = Date.now();
    else news = LOOKS;
    plan(OFTEN);
  }, delay);
}

let away = false;

on('state', state => {
  show(state !== 'lost');
  if (state === 'lost') { away = true; return; }
  // What was missed while away stands in the panels; a page that has just come is as it should be.
  news = LOOKS;
  plan(state === 'gap' ? SOON : away ? 300 : OFTEN);
  away = false;
});
on('readings', readings => { news = LOOKS; write(readings); });
on('alert', t => {
  news = LOOKS;
  plan(SOON);
  // Only what begins and what ends is said; values are not.
  if (t.to === 'firing' || t.to === 'resolved') {
    say.textContent = `${t.to === 'firing' ? words.new : words.over}: ${t.texts[words.text] || t.rule}`;
  }
});

const theme = document.getElementById('theme');
theme.addEventListener('change', () => {
  document.documentElement.dataset.theme = theme.value;
  document.cookie = `theme=${theme.value}; path=/; max-age=31536000; samesite=lax`;
});

// Filters are remembered on this device: a page that is opened without any opens as it was left. The address still says all.
for (const form of document.querySelectorAll('form[data-remember]')) {
  const key = `filters.${form.dataset.remember}`, kept = localStorage.getItem(key);
  if (location.search) localStorage.setItem(key, location.search);
  else if (kept) location.replace(kept);
}

// Whoever has signed in acts under that name; else it is remembered on this device.
for (const by of document.querySelectorAll('input[name=by]:not([type=hidden])')) {
  by.value ||= localStorage.getItem('by') ?? '';
  by.addEventListener('change', () => localStorage.setItem('by', by.value.trim()));
}

// A form of filters asks as soon as something is chosen; without script it has a button.
for (const form of document.querySelectorAll('form[data-auto]')) {
  form.addEventListener('change', () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    form.requestSubmit();
  });
}

document.addEventListener('click', e => { if (e.target.closest('[data-print]')) print(); });

open();
if (follows || document.querySelector('[data-panel]')) plan(OFTEN);

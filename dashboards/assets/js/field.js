// Thousands of devices on one canvas over the map: where each stands and what it says, from one answer of the API and then as it
// comes. One picture a sign is drawn once and copied; a frame draws all that is in sight.

import { on } from './stream.js';

const L = window.L;
const probe = document.body.appendChild(Object.assign(document.createElement('i'), { hidden: true }));
const tone = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };

// Width and height of a sign; a map that shows the whole city shows what can wait as a dot.
const SIZES = { gauge: [11, 16], bay: [12, 12], dot: [12, 12] };
const FAR = 12;
// How near a finger must come, pixels.
const NEAR = 16;

// A sign's step is 0 to 3; these are of a device that says nothing, and of one whose urgency is not known yet.
const SILENT = -1, UNJUDGED = -2;
// How often urgency is asked for, ms, and after an alert at the earliest so long after the last time.
const JUDGE = 30000, ANEW = 5000;

async function ask(address) {
  const answer = await fetch(address, { credentials: 'same-origin', signal: AbortSignal.timeout(30000) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

class Field {
  constructor(map, box, said) {
    Object.assign(this, { map, box, said, marks: { devices: [] }, grades: new Map(), pictures: new Map(), planned: false, judged: 0 });
    const pane = map.createPane('field');
    pane.style.zIndex = 450;
    pane.style.pointerEvents = 'none';
    this.canvas = pane.appendChild(Object.assign(document.createElement('canvas'), { className: 'field' }));
    this.canvas.setAttribute('aria-hidden', 'true');
    this.tip = L.tooltip({ direction: 'top', offset: [0, -8], opacity: 1 });
    this.format = new Intl.NumberFormat(document.body.dataset.locale, { maximumFractionDigits: said.places, numberingSystem: 'latn' });
  }

  async load() {
    const told = await ask(this.said.source), n = told.devices.length;
    this.place = new Map(told.devices.map((id, i) => [id, i]));
    // Where each is on the whole world, 0 to 1: a zoom multiplies it.
    this.x = Float64Array.from(told.lon, lon => (lon + 180) / 360);
    this.y = Float64Array.from(told.lat, lat => 0.5 - Math.log(Math.tan(Math.PI / 4 + lat * Math.PI / 360)) / (2 * Math.PI));
    this.marks = told;
    this.steps = Int8Array.from(told.values, (_, i) => this.step(i));
    this.box.dataset.devices = String(n);
    this.draw();
  }

  step(i) {
    const value = this.marks.values[i], { edges, urgency } = this.said;
    if (value === null) return SILENT;
    return urgency ? this.grades.get(this.marks.devices[i]) ?? UNJUDGED : edges.filter(edge => value >= edge).length;
  }

  // Foreseeing takes the server longer than telling levels: signs are there at once, and get their colour when it is known.
  async judge() {
    this.judged = Date.now();
    const { source, grades } = this.said.urgency, told = await ask(source);
    this.grades = new Map(told.devices.map((id, i) => [id, grades.indexOf(told.urgency[i])]));
    this.steps?.forEach((_, i, steps) => { steps[i] = this.step(i); });
    this.box.dataset.judged = String(told.devices.length);
    this.plan();
  }

  bounds() {
    const { lat, lon } = this.marks;
    return lat?.length ? L.latLngBounds([Math.min(...lat), Math.min(...lon)], [Math.max(...lat), Math.max(...lon)]) : null;
  }

  take(readings) {
    let changed = false;
    for (const r of readings) {
      if (r.quantity !== this.said.quantity || r.grade === 'bad') continue;
      const i = this.place?.get(r.device);
      if (i === undefined || this.marks.values[i] === r.value) continue;
      this.marks.values[i] = r.value;
      this.steps[i] = this.step(i);
      changed = true;
    }
    if (changed) this.plan();
  }

  // However much comes, one frame shows it.
  plan() {
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => { this.planned = false; this.draw(); });
  }

  // A sign in one of its looks, made once.
  picture(step, tenth, small) {
    const key = (step + 2) * 32 + tenth * 2 + small;
    let picture = this.pictures.get(key);
    if (!picture) {
      picture = this.paint(step, tenth, small);
      this.pictures.set(key, picture);
    }
    return picture;
  }

  paint(step, tenth, small) {
    const { sign } = this.said, [w, h] = small ? [6, 6] : SIZES[sign], scale = devicePixelRatio;
    const picture = Object.assign(document.createElement('canvas'), { width: Math.ceil(w * scale), height: Math.ceil(h * scale) });
    const g = picture.getContext('2d');
    g.scale(scale, scale);
    g.lineWidth = 1;
    if (step === SILENT) g.setLineDash([2, 1.5]);
    g.strokeStyle = step < 0 ? tone('--ink2') : tone('--ink');
    g.fillStyle = step === SILENT ? tone('--paper') : sign === 'gauge' ? tone('--land') : this.colour(step);
    g.beginPath();
    sign === 'dot' || small ? g.arc(w / 2, h / 2, w / 2 - 0.6, 0, 7) : g.roundRect(0.5, 0.5, w - 1, h - 1, 1.5);
    if (small && step !== SILENT) g.fillStyle = this.colour(step);
    g.fill();
    g.stroke();
    if (sign === 'gauge' && !small && step !== SILENT) {
      g.fillStyle = this.colour(step);
      // One that is low and urgent shows its colour too.
      g.globalAlpha = step > 0 ? 0.3 : 0;
      g.fillRect(1.5, 1.5, w - 3, h - 3);
      g.globalAlpha = 1;
      const high = Math.max(1.5, (h - 3) * tenth / 10);
      g.fillRect(1.5, h - 1.5 - high, w - 3, high);
    }
    return picture;
  }

  colour(step) {
    if (this.said.sign === 'gauge') return tone(step < 0 ? '--line' : `--u${step}`);
    if (this.said.sign === 'bay') return tone(step > 0 ? '--violet' : '--paper');
    return tone(`--d${step}`);
  }

  // Only what is in sight, what can wait first and what cannot on top of it.
  draw() {
    const { map, canvas, marks } = this, size = map.getSize(), scale = devicePixelRatio;
    const wide = Math.round(size.x * scale), high = Math.round(size.y * scale);
    if (canvas.width !== wide || canvas.height !== high) {
      Object.assign(canvas, { width: wide, height: high });
      Object.assign(canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    }
    // It stands over the window of the map, whatever the panes below have been moved by.
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const g = canvas.getContext('2d'), world = 256 * 2 ** map.getZoom();
    g.clearRect(0, 0, wide, high);
    const corner = map.project(map.containerPointToLatLng([0, 0]), map.getZoom());
    const far = map.getZoom() < FAR && marks.devices.length > 300;
    for (let order = UNJUDGED; order < 4; order++) {
      const small = far && order < 2 ? 1 : 0;
      for (let i = 0; i < marks.devices.length; i++) {
        if (this.steps[i] !== order) continue;
        const left = this.x[i] * world - corner.x, top = this.y[i] * world - corner.y;
        if (left < -20 || top < -20 || left > size.x + 20 || top > size.y + 20) continue;
        const tenth = this.said.sign === 'gauge' && order !== SILENT ? Math.max(0, Math.min(10, Math.round(marks.values[i] / 10))) : 0;
        const picture = this.picture(order, tenth, small);
        g.drawImage(picture, Math.round(left * scale - picture.width / 2), Math.round(top * scale - picture.height / 2));
      }
    }
  }

  // The nearest one that is near enough.
  at(point) {
    const { map, marks } = this, world = 256 * 2 ** map.getZoom(), corner = map.project(map.containerPointToLatLng([0, 0]), map.getZoom());
    let found = -1, least = NEAR * NEAR;
    for (let i = 0; i < marks.devices.length; i++) {
      const across = this.x[i] * world - corner.x - point.x, down = this.y[i] * world - corner.y - point.y;
      if (across * across + down * down < least) { least = across * across + down * down; found = i; }
    }
    return found;
  }

  says(i) {
    const { devices, labels, values } = this.marks, { steps, unit, none } = this.said, value = values[i];
    const amount = () => `${this.format.format(value)}${unit && ` ${unit}`}`;
    const word = value === null ? none : this.said.sign === 'bay' ? steps[this.steps[i] > 0 ? 1 : 0] : amount();
    const grade = this.said.urgency && steps[this.steps[i]];
    const text = document.createElement('span');
    const name = Object.assign(document.createElement('b'), { textContent: labels[i] ?? devices[i] });
    text.append(name, ' ', Object.assign(document.createElement('bdi'), { textContent: word }));
    if (grade) text.append(' · ', grade);
    return text;
  }

  // Colours come with the next look, or soon after an alert: a bin that was emptied, or is full, raised or ended one.
  judgeOften() {
    let timer = 0, due = Infinity;
    const plan = delay => {
      const at = Date.now() + delay;
      if (due <= at) return;
      clearTimeout(timer);
      due = at;
      timer = setTimeout(judge, delay);
    };
    const judge = async () => {
      due = Infinity;
      if (!document.hidden) await this.judge().catch(() => {});
      plan(JUDGE);
    };
    on('alert', () => plan(Math.max(Number(document.body.dataset.soon), this.judged + ANEW - Date.now())));
    judge();
  }

  follow() {
    const { map, tip } = this;
    map.on('move zoom viewreset resize', () => this.plan());
    map.on('click', e => {
      const i = this.at(e.containerPoint);
      if (i >= 0) location.href = `${this.said.page}${encodeURIComponent(this.marks.devices[i])}`;
    });
    map.on('mousemove', e => {
      const i = this.at(e.containerPoint);
      this.box.style.cursor = i < 0 ? '' : 'pointer';
      if (i < 0) { tip.remove(); return; }
      tip.setLatLng([this.marks.lat[i], this.marks.lon[i]]).setContent(this.says(i)).addTo(map);
    });
    on('readings', readings => this.take(readings));
    // What was missed is asked for anew, but not more often than a page looks again.
    let last = Date.now();
    on('state', state => {
      if (state === 'lost' || Date.now() - last < Number(document.body.dataset.often)) return;
      last = Date.now();
      this.load().catch(() => {});
    });
    if (this.said.urgency) this.judgeOften();
    const anew = () => { this.pictures.clear(); this.plan(); };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', anew);
    document.getElementById('theme')?.addEventListener('change', () => requestAnimationFrame(anew));
  }
}

/** Puts the devices that the box names on the map; where they are. */
export async function field(map, box) {
  const all = new Field(map, box, JSON.parse(box.dataset.field));
  try {
    await all.load();
  } catch {
    box.append(Object.assign(document.createElement('p'), { className: 'empty err', textContent: all.said.failed }));
  }
  all.follow();
  return all.bounds();
}

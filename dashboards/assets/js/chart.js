// Charts over time: drawn by uPlot from answers of the API, told by the page's own words, in the city's time by the offsets
// that the server sends (a browser's own table of zones can be years old).

const uPlot = window.uPlot;
const rtl = document.documentElement.dir === 'rtl';
const locale = document.body.dataset.locale;
const probe = document.body.appendChild(Object.assign(document.createElement('i'), { hidden: true }));

/** A colour of the style sheet, resolved for the theme. */
function tone(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const formats = new Map();
function number(value, places) {
  if (!formats.has(places)) {
    formats.set(places, new Intl.NumberFormat(locale, { minimumFractionDigits: places, maximumFractionDigits: places, numberingSystem: 'latn' }));
  }
  return formats.get(places).format(value).replace('-', '\u2212');
}

const two = n => String(n).padStart(2, '0');

class Chart {
  constructor(box) {
    const data = box.dataset;
    this.box = box;
    this.legend = box.parentElement.querySelector('.legend');
    this.zone = JSON.parse(data.zone);
    this.months = JSON.parse(data.months);
    this.words = JSON.parse(data.words);
    this.places = Number(data.places);
    this.marks = JSON.parse(data.marks ?? '[]');
    this.due = JSON.parse(data.due ?? '[]');
    this.plot = null;
  }

  parts(second) {
    let shift = 0;
    for (const [from, offset] of this.zone) if (second >= from) shift = offset;
    const at = new Date((second + shift) * 1000);
    const day = at.getUTCDate();
    return { day: day === 1 ? document.body.dataset.first : day, month: this.months[at.getUTCMonth()], year: at.getUTCFullYear(), clock: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`, shift };
  }

  moment(second) {
    const p = this.parts(second);
    return `${p.day} ${p.month} ${p.year}${document.body.dataset.comma} ${p.clock}`;
  }

  // Ticks at round local times, whatever the offset.
  splits(min, max) {
    const day = 86400, steps = [900, 1800, 3600, 7200, 10800, 21600, 43200, day, 2 * day, 7 * day, 14 * day, 30 * day, 91 * day, 182 * day, 365 * day];
    const most = Math.max(3, Math.floor(this.box.clientWidth / 110));
    const step = steps.find(s => (max - min) / s <= most) ?? 730 * day;
    const shift = this.parts(min).shift, out = [];
    for (let at = Math.ceil((min + shift) / step) * step - shift; at <= max; at += step) out.push(at);
    this.step = step;
    return out;
  }

  tick(second) {
    const p = this.parts(second);
    const text = this.step >= 91 * 86400 ? `${p.month} ${p.year}` : p.clock === '00:00' || this.step >= 86400 ? `${p.day} ${p.month}` : p.clock;
    return rtl ? `\u2067${text}\u2069` : text;
  }

  async load() {
    const rows = [];
    let next = this.box.dataset.source, body;
    do {
      const answer = await fetch(next, { credentials: 'same-origin', signal: AbortSignal.timeout(30000) });
      if (!answer.ok) throw new Error(String(answer.status));
      body = await answer.json();
      if (body.hour) return this.even(body, await this.beside());
      rows.push(...(body.hours ?? body.readings));
      next = body.next && `${this.box.dataset.source}&cursor=${encodeURIComponent(body.next)}`;
    } while (next);
    const good = rows.filter(row => row.grade !== 'bad');
    return { x: good.map(row => Date.parse(row.start ?? row.observed_at) / 1000), thin: good.map(row => row.mean ?? row.value), thick: null, limit: this.limit() };
  }

  // Another station over the same period: its mean where this one shows a mean, else its hours.
  async beside() {
    const source = this.box.dataset.compare;
    if (!source) return null;
    const answer = await fetch(source, { credentials: 'same-origin', signal: AbortSignal.timeout(30000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const { hour, mean } = await answer.json();
    return mean ?? hour;
  }

  even({ from, step_s, hour, mean, limit }, other) {
    const start = Date.parse(from) / 1000;
    // Both begin together; asked for around a full hour, one may be an hour longer.
    const beside = other && hour.map((_, i) => other[i] ?? null);
    return { x: hour.map((_, i) => start + i * step_s), thin: hour, thick: mean ?? null, beside, limit };
  }

  limit() {
    const limit = this.box.dataset.limit;
    return limit === undefined ? null : Number(limit);
  }

  async draw() {
    const { box, words } = this;
    try {
      const data = await this.load();
      this.data = this.foreseen(data);
      if (!data.x.length || [...data.thin, ...data.beside ?? []].every(v => v === null)) this.say(words.empty);
      else this.paint();
    } catch (error) {
      this.say(words.error, true);
    }
    box.dataset.drawn = '1';
  }

  // What is expected goes on from the level that it was foreseen from: the last value may be an outlier.
  foreseen(data) {
    if (!this.due.length || !data.x.length) return data;
    const last = data.x.length - 1, rest = data.x.map(() => null);
    const later = this.due.filter(([at]) => at > data.x[last]).sort((a, b) => a[0] - b[0]);
    const ahead = later.map(([, level]) => level);
    const begins = this.due.filter(([at]) => at <= data.x[last]).at(-1);
    rest[last] = begins ? begins[1] : data.thin[last];
    return { ...data, x: [...data.x, ...later.map(([at]) => at)], thin: [...data.thin, ...later.map(() => null)], ahead: [...rest, ...ahead] };
  }

  say(text, again) {
    const p = Object.assign(document.createElement('p'), { className: `empty${again ? ' err' : ''}`, textContent: text });
    if (again) {
      const button = Object.assign(document.createElement('button'), { className: 'btn', type: 'button', textContent: this.words.retry });
      button.addEventListener('click', () => { this.box.replaceChildren(); this.draw(); });
      p.append(' ', button);
    }
    this.box.replaceChildren(p);
  }

  paint() {
    const { x, thin, thick, beside, ahead, limit } = this.data, { words, places, box } = this, began = performance.now();
    const unit = box.dataset.unit, value = (_u, v) => v == null ? '–' : `${number(v, places)} ${unit}`;
    const quiet = tone('--ink2'), deep = tone('--deep'), hair = tone('--hair'), font = '12px Plex, "Plex Ar"';
    const main = { stroke: deep, width: 2.2, spanGaps: false, value };
    const series = [{ label: words.time, value: (_u, v) => v == null ? '–' : this.moment(v) }, thick ? { ...main, label: words.thin, stroke: tone('--s2'), width: 1 } : { ...main, label: words.thin }];
    const columns = [x, thin], part = this.part();
    if (thick) { series.push({ ...main, label: words.thick }); columns.push(thick); }
    if (beside) { series.push({ ...main, label: words.compare, stroke: tone('--warn'), width: 1.8, dash: [7, 4] }); columns.push(beside); }
    if (ahead) { series.push({ ...main, label: words.ahead, stroke: tone('--warn'), dash: [6, 4], spanGaps: true }); columns.push(ahead); }
    this.kept = false;
    this.plot?.destroy();
    box.replaceChildren();
    this.legend.replaceChildren();
    this.plot = new uPlot({
      width: box.clientWidth, height: box.clientHeight, series,
      legend: { mount: (_u, el) => this.legend.append(el) },
      scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, Math.max((max ?? 0) * 1.08, (limit ?? 0) * 1.15, 1)] } },
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      axes: [
        { stroke: quiet, font, grid: { show: false }, ticks: { stroke: hair, size: 5 }, splits: (_u, _a, min, max) => this.splits(min, max), values: (_u, s) => s.map(v => this.tick(v)) },
        { side: rtl ? 1 : 3, stroke: quiet, font, size: 48, grid: { stroke: hair, width: 1 }, ticks: { show: false }, values: (_u, s) => s.map(v => number(v, s[1] - s[0] < 1 ? 1 : 0)) },
      ],
      hooks: {
        drawClear: [u => limit != null && this.band(u, limit)],
        draw: [u => { this.ticks(u); if (limit != null) this.line(u, limit); }],
        setScale: [(u, key) => { if (key === 'x') this.keep(u); }],
        // For whoever measures: until it can be seen, in the frame after the one that it was drawn for.
        ready: [() => requestAnimationFrame(() => requestAnimationFrame(() => {
          box.dataset.points = x.length;
          performance.measure('chart', { start: began });
        }))],
      },
    }, columns, box);
    this.kept = true;
    if (part) this.plot.setScale('x', part);
  }

  // The part that somebody has zoomed to stands in the address, to be passed on; a double click shows all again.
  part() {
    const [, min, max] = location.hash.match(/^#part=(\d+)-(\d+)$/)?.map(Number) ?? [];
    return min < max ? { min, max } : null;
  }

  keep(u) {
    if (!this.kept) return;
    const { min, max } = u.scales.x, { x } = this.data, all = min <= x[0] && max >= x.at(-1);
    const part = all ? '' : `#part=${Math.round(min)}-${Math.round(max)}`;
    this.box.dataset.part = part;
    if (part !== location.hash) history.replaceState(history.state, '', part || location.pathname + location.search);
  }

  band(u, limit) {
    const g = u.ctx, { left, top, width, height } = u.bbox, y = Math.max(top, Math.min(top + height, u.valToPos(limit, 'y', true)));
    g.save();
    g.beginPath();
    g.rect(left, top, width, y - top);
    g.clip();
    g.globalAlpha = 0.06;
    g.fillStyle = g.strokeStyle = tone('--alarm');
    g.fillRect(left, top, width, y - top);
    g.globalAlpha = 0.12;
    g.lineWidth = devicePixelRatio;
    g.beginPath();
    for (let at = left - height; at < left + width; at += 9 * devicePixelRatio) { g.moveTo(at, y); g.lineTo(at + (y - top), top); }
    g.stroke();
    g.restore();
  }

  line(u, limit) {
    const g = u.ctx, { left, width } = u.bbox, y = u.valToPos(limit, 'y', true), d = devicePixelRatio;
    g.save();
    g.strokeStyle = g.fillStyle = tone('--alarm');
    g.lineWidth = 1.5 * d;
    g.setLineDash([6 * d, 4 * d]);
    g.beginPath();
    g.moveTo(left, y);
    g.lineTo(left + width, y);
    g.stroke();
    g.font = `600 ${12 * d}px Plex, "Plex Ar"`;
    g.direction = rtl ? 'rtl' : 'ltr';
    g.textAlign = rtl ? 'left' : 'right';
    const text = this.words.limit, long = g.measureText(text).width, at = rtl ? left + 6 * d : left + width - 6 * d;
    g.fillStyle = tone('--paper');
    g.globalAlpha = 0.85;
    g.fillRect(rtl ? at - 3 * d : at - long - 3 * d, y - 19 * d, long + 6 * d, 16 * d);
    g.globalAlpha = 1;
    g.fillStyle = tone('--alarm');
    g.fillText(text, at, y - 7 * d);
    g.restore();
  }

  // What happened: an emptying is a line from top to bottom.
  ticks(u) {
    const g = u.ctx, { left, top, width, height } = u.bbox;
    g.save();
    g.strokeStyle = tone('--good');
    g.lineWidth = 1.5 * devicePixelRatio;
    g.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const at of this.marks) {
      const x = u.valToPos(at, 'x', true);
      if (x < left || x > left + width) continue;
      g.beginPath();
      g.moveTo(x, top);
      g.lineTo(x, top + height);
      g.stroke();
    }
    g.restore();
  }

  // Arrow keys walk from value to value; the legend, which is read aloud, says each.
  walk(step) {
    const u = this.plot;
    if (!u) return;
    const last = this.data.x.length - 1, now = u.cursor.idx ?? last;
    const next = Math.max(0, Math.min(last, now + step));
    const y = this.data.thick?.[next] ?? this.data.thin[next] ?? this.data.ahead?.[next] ?? 0;
    u.setCursor({ left: u.valToPos(this.data.x[next], 'x'), top: u.valToPos(y, 'y') });
    const text = [...this.legend.querySelectorAll('tr')].map(row => row.innerText.replace(/\s+/g, ' ')).join(', ');
    this.box.parentElement.querySelector('.told').textContent = text;
  }
}

for (const box of document.querySelectorAll('[data-chart]')) {
  const chart = new Chart(box);
  let width = box.clientWidth;
  box.addEventListener('keydown', e => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24 }[e.key];
    if (step) { e.preventDefault(); chart.walk(step); }
  });
  // Only a new width is a new size: uPlot's own elements move the height.
  new ResizeObserver(() => {
    if (!chart.plot || box.clientWidth === width) return;
    width = box.clientWidth;
    chart.plot.setSize({ width, height: box.clientHeight });
  }).observe(box);
  const again = () => chart.plot && chart.paint();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  document.getElementById('theme')?.addEventListener('change', () => requestAnimationFrame(again));
  document.fonts.ready.then(() => chart.draw());
}

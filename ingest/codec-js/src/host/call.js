// One call: finds the entry point, hands over the uplink, brings the answer into one shape.
(function (host) {
  'use strict';
  const { setNow, seed, recvTime } = host;
  const { isArray } = Array;
  const { hasOwn } = Object;

  // What a bundle may ask for before it runs: anew for each message, since scripts write to it. The names are known
  // beforehand, so that forgetting a message need not look for what was added.
  for (const name of ['module', 'exports', 'process']) globalThis[name] = undefined;
  host.begin = function begin(millis, chance) {
    setNow(millis);
    seed(chance);
    const module = { exports: {} };
    globalThis.module = module;
    globalThis.exports = module.exports;
    globalThis.process = { env: {}, argv: [], platform: 'linux', version: 'v20.0.0', versions: {} };
  };

  // The first of these names that is a function, at the top of the script or in what it exports.
  const NAMES = ['decodeUplink', 'Decoder', 'Decode'];
  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
  function entry(top) {
    const exported = isObject(top.module) ? top.module.exports : undefined;
    const holders = [exported, top.exports, top.driver, top.codec].filter(isObject);
    for (const holder of holders.slice()) holders.push(...[holder.default, holder.driver, holder.codec].filter(isObject));
    for (const name of NAMES) {
      if (top[name] !== undefined) return [name, top[name], undefined];
      for (const holder of holders) if (typeof holder[name] === 'function') return [name, holder[name], holder];
    }
    return typeof exported === 'function' ? ['decodeUplink', exported, undefined] : undefined;
  }

  // Returns the script's own answer, or undefined and nothing else where there is no entry point.
  host.call = function call(top, port, bytes, millis, received) {
    const found = entry(top);
    if (found === undefined) return undefined;
    const [name, decode, holder] = found;
    switch (name) {
      case 'decodeUplink': {
        const input = { bytes, fPort: port, recvTime: recvTime(millis, received), variables: {} };
        return { answer: decode.call(holder, input, {}), legacy: false };
      }
      case 'Decoder':
        return { answer: decode.call(holder, bytes, port), legacy: true };
      default:
        return { answer: decode.call(holder, port, bytes, {}), legacy: true };
    }
  };

  // `{data, warnings, errors}`, of which JSON drops what is undefined. A decoder of the old kind, and of
  // ThingPark, gives the data itself. Anything else than an object is no answer.
  host.shape = function shape(answer, legacy) {
    if (legacy) return { data: answer };
    if (answer === null || typeof answer !== 'object' || isArray(answer)) return undefined;
    if (!('data' in answer) && !('errors' in answer) && !('warnings' in answer)) {
      for (const key in answer) if (hasOwn(answer, key)) return { data: answer };
    }
    return { data: answer.data, warnings: answer.warnings, errors: answer.errors };
  };
});

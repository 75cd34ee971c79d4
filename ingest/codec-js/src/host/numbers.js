// Buffer: numbers in and out, with Node's checks and Node's words, since decoders pass them on as their errors.
(function (host) {
  'use strict';
  const { fail, whatIs } = host;
  const prototype = Buffer.prototype;
  const scratch = new DataView(new ArrayBuffer(8));

  // Where `size` bytes start, or Node's error.
  function placed(buffer, offset, size) {
    const at = offset === undefined ? 0 : offset;
    if (typeof at !== 'number') {
      throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "offset" argument must be of type number. Received ${whatIs(offset)}`);
    }
    const last = buffer.length - size;
    if (at >= 0 && at <= last && Math.floor(at) === at) return at;
    if (Math.floor(at) !== at) {
      throw fail(RangeError, 'ERR_OUT_OF_RANGE', `The value of "offset" is out of range. It must be an integer. Received ${at}`);
    }
    if (last < 0) throw fail(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
    throw fail(RangeError, 'ERR_OUT_OF_RANGE', `The value of "offset" is out of range. It must be >= 0 and <= ${last}. Received ${grouped(at)}`);
  }
  // Node groups the digits of large numbers in these messages.
  const grouped = (n) => (Number.isInteger(n) && Math.abs(n) > 2 ** 32 ? String(n).replace(/\B(?=(?:\d{3})+$)/g, '_') : String(n));

  function sized(size) {
    if (size === undefined) {
      throw fail(TypeError, 'ERR_INVALID_ARG_TYPE', `The "byteLength" argument must be of type number. Received ${whatIs(size)}`);
    }
    if (!(size >= 1 && size <= 6)) {
      throw fail(RangeError, 'ERR_OUT_OF_RANGE', `The value of "byteLength" is out of range. It must be >= 1 and <= 6. Received ${size}`);
    }
    return size;
  }

  function readUnsigned(buffer, offset, size, little) {
    const at = placed(buffer, offset, size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + buffer[little ? at + size - 1 - i : at + i];
    return value;
  }
  function readSigned(buffer, offset, size, little) {
    const value = readUnsigned(buffer, offset, size, little);
    const limit = 2 ** (8 * size);
    return value >= limit / 2 ? value - limit : value;
  }
  function writeInteger(buffer, value, offset, size, little, signed) {
    const number = +value;
    const limit = 2 ** (8 * size);
    const [least, most] = signed ? [-limit / 2, limit / 2 - 1] : [0, limit - 1];
    if (number > most || number < least) {
      const bounds = size > 4
        ? signed ? `>= -(2 ** ${8 * size - 1}) and < 2 ** ${8 * size - 1}` : `>= 0 and < 2 ** ${8 * size}`
        : `>= ${least} and <= ${most}`;
      throw fail(RangeError, 'ERR_OUT_OF_RANGE', `The value of "value" is out of range. It must be ${bounds}. Received ${grouped(number)}`);
    }
    const at = placed(buffer, offset, size);
    let rest = Math.trunc(number) || 0;
    if (rest < 0) rest += limit;
    for (let i = 0; i < size; i++) {
      buffer[little ? at + i : at + size - 1 - i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return at + size;
  }

  // Through a view of eight bytes: floating point and 64-bit integers.
  function readView(buffer, offset, size, method, little) {
    const at = placed(buffer, offset, size);
    for (let i = 0; i < size; i++) scratch.setUint8(i, buffer[at + i]);
    return scratch[method](0, little);
  }
  function writeView(buffer, value, offset, size, method, little) {
    const at = placed(buffer, offset, size);
    scratch[method](0, value, little);
    for (let i = 0; i < size; i++) buffer[at + i] = scratch.getUint8(i);
    return at + size;
  }

  function define(name, value) {
    const property = { value, writable: true, enumerable: false, configurable: true };
    Object.defineProperty(prototype, name, property);
    // Node knows each of these as `Uint` too.
    if (name.includes('UInt')) Object.defineProperty(prototype, name.replace('UInt', 'Uint'), property);
  }

  for (const [bits, ends] of [[8, ['']], [16, ['LE', 'BE']], [32, ['LE', 'BE']]]) {
    const size = bits / 8;
    for (const end of ends) {
      const little = end === 'LE';
      define(`readUInt${bits}${end}`, function (offset) { return readUnsigned(this, offset, size, little); });
      define(`readInt${bits}${end}`, function (offset) { return readSigned(this, offset, size, little); });
      define(`writeUInt${bits}${end}`, function (value, offset) { return writeInteger(this, value, offset, size, little, false); });
      define(`writeInt${bits}${end}`, function (value, offset) { return writeInteger(this, value, offset, size, little, true); });
    }
  }
  for (const end of ['LE', 'BE']) {
    const little = end === 'LE';
    define(`readUInt${end}`, function (offset, size) { return readUnsigned(this, offset, sized(size), little); });
    define(`readInt${end}`, function (offset, size) { return readSigned(this, offset, sized(size), little); });
    define(`writeUInt${end}`, function (value, offset, size) { return writeInteger(this, value, offset, sized(size), little, false); });
    define(`writeInt${end}`, function (value, offset, size) { return writeInteger(this, value, offset, sized(size), little, true); });
    for (const [name, view, size] of [['Float', 'Float32', 4], ['Double', 'Float64', 8]]) {
      define(`read${name}${end}`, function (offset) { return readView(this, offset, size, `get${view}`, little); });
      define(`write${name}${end}`, function (value, offset) { return writeView(this, value, offset, size, `set${view}`, little); });
    }
    for (const [name, view] of [['BigInt64', 'BigInt64'], ['BigUInt64', 'BigUint64']]) {
      define(`read${name}${end}`, function (offset) { return readView(this, offset, 8, `get${view}`, little); });
      define(`write${name}${end}`, function (value, offset) { return writeView(this, value, offset, 8, `set${view}`, little); });
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_HEADER_BYTES, decodeChunkFrame, encodeChunkHeader } from '../protocol/chunk-frame.js';
import { AppError } from '../protocol/errors.js';

const ID = '0190a0a0-1234-4abc-8def-0123456789ab';

function join(header: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([header, data]));
}

test('分片: 字节布局与协议 6.3 节逐字节相同', () => {
  const header = encodeChunkHeader(ID, 0x01_0203_0405);
  assert.equal(Buffer.from(header).toString('hex'), '010190a0a012344abc8def0123456789ab0000000102030405');
  assert.equal(header.length, CHUNK_HEADER_BYTES);
});

test('分片: 数据是零拷贝视图, 可以为空', () => {
  const frame = join(encodeChunkHeader(ID, 7), Uint8Array.of(1, 2, 3));
  const { uploadId, offset, data } = decodeChunkFrame(frame);
  assert.deepEqual([uploadId, offset, [...data]], [ID, 7, [1, 2, 3]]);
  assert.equal(data.buffer, frame.buffer);
  assert.equal(decodeChunkFrame(encodeChunkHeader(ID, 0)).data.length, 0);
});

test('分片: 太短或首字节不对抛 invalid_field', () => {
  const frame = encodeChunkHeader(ID, 0);
  for (let length = 0; length < CHUNK_HEADER_BYTES; length++) {
    assert.throws(() => decodeChunkFrame(frame.subarray(0, length)), { code: 'invalid_field' });
  }
  for (const kind of [0, 2, 0x7b, 255]) {
    assert.throws(() => decodeChunkFrame(Uint8Array.of(kind, ...frame.subarray(1))), {
      code: 'invalid_field',
    });
  }
});

test('分片: offset 到安全整数为止, 更大的拒绝', () => {
  const frame = encodeChunkHeader(ID, Number.MAX_SAFE_INTEGER);
  assert.equal(decodeChunkFrame(frame).offset, Number.MAX_SAFE_INTEGER);
  const view = new DataView(frame.buffer);
  for (const offset of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    view.setBigUint64(17, offset);
    assert.throws(() => decodeChunkFrame(frame), { code: 'invalid_field' });
  }
});

test('分片: 编码拒绝坏 UUID 和坏 offset', () => {
  for (const id of [
    '',
    ID.slice(1),
    `${ID}0`,
    ID.replace('0', 'g'),
    ID.replaceAll('-', ''),
    ` ${ID}`,
    `${ID}\n`,
  ]) {
    assert.throws(() => encodeChunkHeader(id, 0), { code: 'invalid_field' });
  }
  for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => encodeChunkHeader(ID, offset), { code: 'invalid_field' });
  }
  assert.equal(decodeChunkFrame(encodeChunkHeader(ID.toUpperCase(), 0)).uploadId, ID);
});

test('性质: 编码再解码不变, 视图带偏移也一样', () => {
  const anyOffset = fc.maxSafeNat();
  fc.assert(
    fc.property(fc.uuid(), anyOffset, fc.uint8Array(), fc.nat(9), (id, offset, data, shift) => {
      const whole = new Uint8Array(
        Buffer.concat([Buffer.alloc(shift, 255), encodeChunkHeader(id, offset), data]),
      );
      const decoded = decodeChunkFrame(whole.subarray(shift));
      assert.equal(decoded.uploadId, id);
      assert.equal(decoded.offset, offset);
      assert.deepEqual([...decoded.data], [...data]);
    }),
  );
});

test('性质: 任意字节只会抛 AppError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, asChunk) => {
      if (asChunk && bytes.length > 0) bytes[0] = 1;
      try {
        assert.ok(Number.isSafeInteger(decodeChunkFrame(bytes).offset));
      } catch (error) {
        assert.ok(error instanceof AppError);
      }
    }),
  );
});

// 边读边算的 SHA-256: 与 Node 的结果相同, 存档之后接着算也相同
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { NATIVE_BYTES, openHasher } from '../../src/net/upload/file-hasher.js';

const bytes = randomBytes(NATIVE_BYTES + 12_345);
const large = new Blob([bytes]);
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe('文件的校验', () => {
  it('大文件: 存档里的校验就是前 offset 字节的, 装回去接着算得到整个文件的', async () => {
    const first = await openHasher(large, undefined);
    first.update(0, bytes.subarray(0, 1_000_003));
    const checkpoint = first.checkpoint();
    assert.equal(checkpoint.digest, sha256(bytes.subarray(0, 1_000_003)));
    const second = await openHasher(large, checkpoint);
    assert.equal(second.position, 1_000_003);
    second.update(1_000_003, bytes.subarray(1_000_003));
    assert.equal(second.digest(), sha256(bytes));
  });

  it('重发的一段不会算两遍; 缺了一段则抛错, 不会得到错的校验', async () => {
    const hasher = await openHasher(large, undefined);
    hasher.update(0, bytes.subarray(0, 5000));
    hasher.update(1000, bytes.subarray(1000, 3000));
    hasher.update(4000, bytes.subarray(4000, 6000));
    assert.equal(hasher.position, 6000);
    assert.equal(hasher.checkpoint().digest, sha256(bytes.subarray(0, 6000)));
    assert.throws(() => hasher.update(7000, bytes.subarray(7000, 8000)));
  });

  it('刷新后的存档 (没有内部状态): 从头算, 由调用者比较', async () => {
    const hasher = await openHasher(large, { offset: 4096, digest: sha256(bytes.subarray(0, 4096)) });
    assert.equal(hasher.position, 0);
  });

  it('一次读得下的文件: 用浏览器自带的, 打开就已算完', async () => {
    const small = new Blob([bytes.subarray(0, 300_000)]);
    const hasher = await openHasher(small, undefined);
    assert.equal(hasher.position, small.size);
    assert.equal(hasher.digest(), sha256(bytes.subarray(0, 300_000)));
    assert.equal(hasher.checkpoint().offset, small.size);
  });
});

// 没有声明长度的请求: 几个文件加起来也受一次请求的总上限约束
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, storedFiles } from './harness.js';

test('总量: 不声明长度的请求, 每个文件都不超限而总和超限的, 以 file_too_large 拒绝, 什么也不留下', async (t) => {
  const fileBytes = 1024 * 1024;
  const { http, storage } = await serve(t, { files: { fileBytes } });
  const file = Buffer.alloc(fileBytes, 7);
  // fetch 对流式的体不发 Content-Length, 用 chunked
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n张三\r\n');
    for (let index = 0; index < 4; index += 1) {
      yield Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="file"; filename="${index}.bin"\r\n\r\n`,
      );
      yield file;
      yield Buffer.from('\r\n');
    }
    yield Buffer.from('--b--\r\n');
  }
  const response = await fetch(`${http}/api/files`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: ReadableStream.from(body()),
    duplex: 'half',
  });
  assert.equal(response.status, 413);
  const { error } = (await response.json()) as { error: { code: string } };
  assert.equal(error.code, 'file_too_large');
  assert.deepEqual(await storedFiles(storage), []);
});

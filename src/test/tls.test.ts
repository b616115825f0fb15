// TLS: wss 与 https 可用, 链接是 https; 证书不对时说得清
import assert from 'node:assert/strict';
import { get } from 'node:https';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Client } from './client.js';
import { serve } from './harness.js';
import { certificate } from './tls-tools.js';

function fetchText(url: string, ca: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      let body = '';
      response.on('data', (bytes) => {
        body += bytes;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

describe('TLS', () => {
  it('wss 聊天, https 下载, 链接是 https', async (t) => {
    const { cert, ...tls } = await certificate(t);
    const { port } = await serve(t, { server: { tls } });
    const url = `wss://localhost:${port}`;
    const sender = await Client.join(t, url, '张三', {}, { ca: cert, origin: `https://localhost:${port}` });
    const other = await Client.join(t, url, '李四', {}, { ca: cert });
    sender.send({ type: 'text', message: '你好' });
    assert.equal((await other.next('text'))['message'], '你好');
    sender.send({ type: 'file', originalName: 'a.txt', filedata: 'YWJj' });
    const link = String((await other.next('file'))['url']);
    assert.ok(link.startsWith(`https://localhost:${port}/files/`));
    assert.deepEqual(await fetchText(link, cert), { status: 200, body: 'abc' });
    assert.equal((await fetchText(`https://localhost:${port}/healthz`, cert)).status, 200);
  });

  it('停机时 wss 客户端也得到 1001', async (t) => {
    const { cert, ...tls } = await certificate(t);
    const { port, server } = await serve(t, { server: { tls } });
    const client = await Client.join(t, `wss://localhost:${port}`, '张三', {}, { ca: cert });
    await Promise.all([server.stop(), client.close()]);
    assert.deepEqual(client.closed, { code: 1001, reason: 'stopping' });
  });

  it('证书或私钥读不了: 启动失败, 说出是哪个文件', async (t) => {
    const { certFile, keyFile } = await certificate(t);
    const missing = path.join(path.dirname(certFile), '没有这个文件.pem');
    await assert.rejects(serve(t, { server: { tls: { certFile: missing, keyFile } } }), /没有这个文件/);
    // 拿证书当私钥
    const wrong = { certFile, keyFile: certFile };
    await assert.rejects(serve(t, { server: { tls: wrong } }), /私钥/);
  });
});

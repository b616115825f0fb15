// 一张空白页: 试验浏览器本身的行为时用, 不掺进聊天页面的代码
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from '../../src/test/harness.js';

// icon: 否则浏览器会来要 favicon.ico
const HTML = '<!doctype html><html lang="zh-CN"><head><link rel="icon" href="data:,"><title>空白</title>';

/** 在 127.0.0.1 上发这一页 (安全上下文, 文件系统的接口可用), 返回它的地址; 测试结束时停止 */
export async function serveBlankPage(t: TestContext, body = ''): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`${HTML}</head><body>${body}</body></html>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

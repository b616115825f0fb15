// 对照组: 纯 node http, 请求体原样 pipe 进文件, 不解析; 是 Node 标准库收文件的下限
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const storage = process.argv[2];

const server = http.createServer(async (request, response) => {
  const file = createWriteStream(path.join(storage, randomUUID()));
  try {
    await pipeline(request, file);
    const body = JSON.stringify({ files: [{ size: file.bytesWritten }] });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  } catch (error) {
    response.writeHead(500);
    response.end(String(error));
  }
});
// Node 默认 5 分钟切断慢请求; 大文件压测不应撞上它
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
process.once('SIGTERM', () => process.exit(0));

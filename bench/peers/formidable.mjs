// 对照组: formidable 写磁盘, 照它的 README 写 (node http, 不经框架)
import http from 'node:http';
import formidable from 'formidable';

const uploadDir = process.argv[2];
// 默认上限 200 MiB: 放大到装得下压测的文件, 其余照默认
const limits = { maxFileSize: 2 ** 40, maxTotalFileSize: 2 ** 40 };

const server = http.createServer(async (request, response) => {
  try {
    const [, files] = await formidable({ uploadDir, ...limits }).parse(request);
    const stored = Object.values(files).flat();
    const body = JSON.stringify({ files: stored.map((file) => ({ size: file.size })) });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  } catch (error) {
    response.writeHead(error.httpCode ?? 500);
    response.end(String(error));
  }
});
// Node 默认 5 分钟切断慢请求; 大文件压测不应撞上它
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
process.once('SIGTERM', () => process.exit(0));

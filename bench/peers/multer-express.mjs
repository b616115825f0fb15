// 对照组: multer 写磁盘, 照它的 README 写; 独立的 package.json, 服务器本身不依赖它
import express from 'express';
import multer from 'multer';

const storage = process.argv[2];
const app = express();
const upload = multer({ storage: multer.diskStorage({ destination: storage }) });

app.post('/api/files', upload.any(), (request, response) => {
  response.status(201).json({ files: request.files.map((file) => ({ size: file.size })) });
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
// Node 默认 5 分钟切断慢请求; 大文件压测不应撞上它
server.requestTimeout = 0;
process.once('SIGTERM', () => process.exit(0));

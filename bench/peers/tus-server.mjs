// 对照组: @tus/server 与它的文件存储, 照它的 README 写
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const tus = new Server({ path: '/files', datastore: new FileStore({ directory: process.argv[2] }) });
const server = tus.listen({ host: '127.0.0.1', port: 0 }, () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
// Node 默认 5 分钟切断慢请求; 大文件压测不应撞上它
server.requestTimeout = 0;
process.once('SIGTERM', () => process.exit(0));

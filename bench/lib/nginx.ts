// 对照组 nginx: 静态文件下载的标杆; 配置写进临时目录, 不需要 root, 不碰系统里的 nginx 服务
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { HttpExchange } from './http-client.js';
import type { Options } from './options.js';
import { ServerProcess } from './server-process.js';

export const NGINX_INSTALL_HINT =
  'Debian / Ubuntu: apt-get update && apt-get install -y nginx-light (再执行 systemctl disable --now nginx, 压测不需要系统服务); 或用 --nginx 指定程序路径';

/** Debian 把 nginx 放在 /usr/sbin, 普通用户的 PATH 里没有它 */
const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin', '/opt/homebrew/bin'];

export function findNginx(options: Options): string | undefined {
  if (options.nginx !== undefined) return options.nginx;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, 'nginx')).find(isExecutable);
}

/** 提供 filePath 所在目录; 返回时已能应答 */
export async function startNginx(binary: string, options: Options, filePath: string): Promise<ServerProcess> {
  const prefix = join(options.work, 'nginx');
  mkdirSync(join(prefix, 'temp'), { recursive: true });
  const port = await freePort();
  const config = join(prefix, 'nginx.conf');
  writeFileSync(config, configText(port, dirname(filePath)));
  const server = await ServerProcess.start({
    name: 'nginx sendfile',
    command: binary,
    // -e: 读到配置之前的错误也写进临时目录, 而不是 /var/log
    args: ['-p', prefix, '-c', config, '-e', join(prefix, 'error.log')],
    logFile: join(options.work, 'nginx.log'),
    port,
  });
  await untilAnswering(server);
  return server;
}

function configText(port: number, root: string): string {
  // 以 root 启动时 worker 默认换成 nobody, 读不到临时目录
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temp/${name};`,
  );
  return `
daemon off;
${user}
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  ${temps.join(' ')}
  server {
    listen 127.0.0.1:${port};
    root ${root};
    default_type application/octet-stream;
  }
}
`;
}

/** 先占一个空闲端口再放掉; 与别的进程相撞的机会极小, 撞上时 nginx 会报错退出 */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilAnswering(server: ServerProcess): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const exchange = await HttpExchange.open(server.target).catch(() => undefined);
    if (exchange !== undefined) return exchange.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await server.stop();
  throw new Error('nginx 5 秒内没有监听, 见临时目录里的 nginx/error.log');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    // 没有这个文件或不可执行: 就是 "没找到" 的意思
    return (error as NodeJS.ErrnoException).code === undefined;
  }
}

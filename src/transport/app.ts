// uWebSockets.js 应用: 建立 (可带 TLS), 挂路由, 监听, 关闭
import type { HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Publisher } from '../chat/ports.js';
import type { Sessions } from '../chat/sessions.js';
import { AppError } from '../protocol/errors.js';
import { type LimitsBody, MAX_LISTED_USERS } from '../protocol/messages.js';
import type { AddressQuota } from '../quota/ports.js';
import type { ArchiveRoute } from './archive-route.js';
import { checkCertificate } from './certificate.js';
import { Doors } from './doors.js';
import type { DownloadRoute } from './download-route.js';
import { Exchange, type ReportInternal, sendErrorAndClose } from './http.js';
import type { Native } from './native.js';
import type { OriginRules } from './origin.js';
import type { Patrol } from './patrol.js';
import type { Peers } from './peer.js';
import { SocketCap } from './socket-cap.js';
import type { StaticFiles } from './static.js';
import type { UploadRoute } from './upload-route.js';
import type { WsEdge } from './ws.js';

export interface ListenOptions {
  readonly host: string;
  /** 0 = 任一空闲端口 */
  readonly port: number;
  /** 打开的套接字的上限, 含 HTTP 的 */
  readonly maxSockets: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
}

export interface Routes {
  readonly ws: WsEdge;
  readonly archive: ArchiveRoute;
  readonly uploads: UploadRoute;
  readonly downloads: DownloadRoute;
  readonly statics: StaticFiles;
  readonly sessions: Sessions;
  readonly origins: OriginRules;
  readonly peers: Peers;
  readonly quota: AddressQuota;
  /** 启动之后不再变 */
  readonly limits: LimitsBody;
  readonly patrol: Patrol;
  readonly stopping: () => boolean;
  readonly reportInternal: ReportInternal;
}

export class App implements Publisher {
  readonly #native: Native;
  readonly #options: ListenOptions;
  readonly #app: TemplatedApp;
  #listenSocket: us_listen_socket | undefined;
  /** 描述符用尽了 */
  #isFull = false;
  #ws: WsEdge | undefined;

  /** 错误: 证书或私钥用不了 */
  constructor(native: Native, options: ListenOptions) {
    this.#native = native;
    this.#options = options;
    const { certFile, keyFile } = options.tls;
    if (certFile !== '') checkCertificate(options.tls);
    this.#app =
      certFile === '' ? native.App() : native.SSLApp({ cert_file_name: certFile, key_file_name: keyFile });
  }

  publish(topic: string, text: string): void {
    this.#app.publish(topic, text, false, false);
    // 汉字占 3 字节: 按字符数会低估, 来不及在硬上限之前以 4008 断开
    this.#ws?.published(Buffer.byteLength(text));
  }

  mount(routes: Routes): void {
    const { archive, downloads, uploads, statics } = routes;
    this.#ws = routes.ws;
    const cap = new SocketCap(this.#app, {
      maxSockets: this.#options.maxSockets,
      admit: (res) => {
        if (this.#isFull) throw new AppError('server_busy');
        routes.quota.spend(routes.peers.direct(res), 'sockets');
      },
      turnAway: (res, error) => this.#turnAway(res, error, routes),
      full: () => new AppError('server_busy'),
    });
    const doors = new Doors(this.#app, routes);
    routes.ws.mount(doors, () => cap.webSocketClosed());
    doors
      .post('/api/files', (res, req) => uploads.handle(res, req))
      .get('/api/files', (res, req) => archive.files(res, req, false))
      .head('/api/files', (res, req) => archive.files(res, req, true))
      .get('/api/users', (res) => sendUsers(routes, res, false))
      .head('/api/users', (res) => sendUsers(routes, res, true))
      .get('/api/messages', (res, req) => archive.messages(res, req, false))
      .head('/api/messages', (res, req) => archive.messages(res, req, true))
      .get('/api/search', (res, req) => archive.search(res, req, false))
      .head('/api/search', (res, req) => archive.search(res, req, true))
      .post('/api/search', (res, req) => archive.searchByBody(res, req))
      .get('/api/limits', (res) => sendLimits(routes, res, false))
      .head('/api/limits', (res) => sendLimits(routes, res, true))
      .get('/healthz', (res) => sendHealth(routes, res, false))
      .head('/healthz', (res) => sendHealth(routes, res, true))
      .get('/files/:name/thumb', (res, req) => downloads.thumb(res, req, false))
      .head('/files/:name/thumb', (res, req) => downloads.thumb(res, req, true))
      .get('/files/:name', (res, req) => downloads.file(res, req, false))
      .head('/files/:name', (res, req) => downloads.file(res, req, true))
      .head('/', (res, req) => statics.handle(res, req, true))
      .get('/*', (res, req) => statics.handle(res, req, false))
      .head('/*', (res, req) => statics.handle(res, req, true))
      .finish();
  }

  // 明文的来得及说为什么; TLS 还没有握手, 只能断开
  #turnAway(res: HttpResponse, error: unknown, { reportInternal }: Routes): void {
    if (this.#options.tls.certFile !== '') res.close();
    else sendErrorAndClose(res, error, reportInternal);
  }

  /** 描述符用尽时: 新来的一接受就答 server_busy 并断开 */
  turnAwayAll(isFull: boolean): void {
    this.#isFull = isFull;
  }

  /** 监听; 返回实际端口。错误: 端口被占用或没有权限 */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const done = (socket: us_listen_socket | false): void => {
        if (socket === false) {
          reject(new Error(`无法监听 ${host}:${port}, 端口可能已被占用, 或地址不是本机的`));
          return;
        }
        this.#listenSocket = socket;
        resolve(this.#native.us_socket_local_port(socket));
      };
      this.#app.listen(host, port, done);
    });
  }

  /** 不再接受新连接; 已有的不受影响 */
  stopListening(): void {
    if (this.#listenSocket !== undefined) this.#native.us_listen_socket_close(this.#listenSocket);
    this.#listenSocket = undefined;
  }

  /** 强制断开剩下的一切 */
  close(): void {
    this.#app.close();
    this.#listenSocket = undefined;
  }
}

function sendUsers({ sessions, patrol }: Routes, res: HttpResponse, headOnly: boolean): void {
  const users = sessions.onlineNames(MAX_LISTED_USERS);
  new Exchange(res, patrol).json(200, { online: sessions.onlineCount, users }, { headOnly });
}

// 设置只在启动时读, 但重启会变: 每次都问, 不能拿旧的去拒绝用户的文件
function sendLimits({ limits, patrol }: Routes, res: HttpResponse, headOnly: boolean): void {
  const headers = { 'Cache-Control': 'no-cache' };
  new Exchange(res, patrol).json(200, limits, { headOnly, headers });
}

// 负载均衡器多用 HEAD 探活
function sendHealth({ stopping, patrol }: Routes, res: HttpResponse, headOnly: boolean): void {
  const status = stopping() ? 'stopping' : 'ok';
  new Exchange(res, patrol).json(status === 'ok' ? 200 : 503, { status }, { headOnly });
}

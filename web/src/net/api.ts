// 本站的 HTTP 接口; 应答不是约定的形状 (例如被代理的错误页顶替) 时抛错
import type { LimitsBody } from '../../../src/protocol/messages.js';

// 停住的请求不会越积越多
const TIMEOUT_MS = 10_000;

/** GET /api/limits: 上限与禁止的扩展名, 传第一个字节之前就用得上 */
export async function fetchLimits(): Promise<LimitsBody> {
  const body = await fetchJson('/api/limits');
  if (!isObject(body) || !isObject(body['limits']) || !Array.isArray(body['blockedExtensions'])) {
    throw new TypeError('/api/limits 的应答不合约定');
  }
  return body as unknown as LimitsBody;
}

/** GET /api/users: 在线者的名字, 至多 500 个 */
export async function fetchUserNames(): Promise<readonly string[]> {
  const body = await fetchJson('/api/users');
  if (!isObject(body) || !Array.isArray(body['users'])) throw new TypeError('/api/users 的应答不合约定');
  return body['users'].filter((name) => typeof name === 'string');
}

async function fetchJson(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response.json();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

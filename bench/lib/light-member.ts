// 省事的成员: 加入之后每帧只认种类, 载荷原样交出; 一个发生器进程因此带得动一万人
import { type FrameKind, kindOf, type WelcomeFacts, welcomeFacts } from './frame-scan.js';
import type { Target } from './target.js';
import { WebSocketClient } from './websocket-client.js';

/** 与网页相同的能力; 不认识的服务器不理会 */
export const WEB_FEATURES = ['batch', 'batch_text', 'offer'] as const;

export interface LightJoin {
  readonly target: Target;
  readonly name: string;
  /** undefined: 只懂基础协议 */
  readonly features: readonly string[] | undefined;
  readonly session?: string | undefined;
  readonly after?: number;
  /** 握手与 welcome 合计的限期 (毫秒) */
  readonly timeoutMs?: number;
}

export interface LightListener {
  /** 含 welcome; payload 只在回调内有效 */
  onFrame?(kind: FrameKind, payload: Buffer): void;
  /** 加入之后断开, 只说一次 */
  onClose?(reason: string): void;
}

export interface LightMember {
  readonly client: WebSocketClient;
  readonly welcome: WelcomeFacts;
}

const JOIN_TIMEOUT_MS = 30_000;

/** 兑现于收到 welcome。错误: 连不上, 被拒, 限期内没有 welcome */
export async function joinLight(request: LightJoin, listener: LightListener = {}): Promise<LightMember> {
  const { target, name, features, session, after, timeoutMs = JOIN_TIMEOUT_MS } = request;
  let settle: { resolve(facts: WelcomeFacts): void; reject(error: Error): void } | undefined;
  const welcomed = new Promise<WelcomeFacts>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // 握手失败时没有人等 welcome
  welcomed.catch(() => {});
  const timer = setTimeout(() => settle?.reject(new Error(`${timeoutMs} 毫秒内没有 welcome`)), timeoutMs);
  const connecting = WebSocketClient.connect(target, '/ws', {
    onPayload(payload) {
      const kind = kindOf(payload);
      if (kind === 'welcome') settle?.resolve(welcomeFacts(payload));
      else if (kind === 'error') settle?.reject(new Error(payload.toString('utf8', 0, 200)));
      listener.onFrame?.(kind, payload);
    },
    onClose(reason) {
      // 加入之前断开的由 reject 说, 之后的由 onClose 说
      if (settle === undefined) listener.onClose?.(reason);
      else settle.reject(new Error(reason));
    },
  });
  let client: WebSocketClient | undefined;
  try {
    // 限期也管握手: SYN 被丢时连接要好几秒才有下文
    client = await Promise.race([connecting, welcomed.then(() => connecting)]);
    const action = { type: 'user_update', action: 'join', name };
    client.sendJson({
      ...action,
      ...(session && { session }),
      ...(after !== undefined && { after }),
      features,
    });
    const welcome = await welcomed;
    settle = undefined;
    return { client, welcome };
  } catch (error) {
    // 限期已过才连上的也要关; 连不上的原因已经抛出
    connecting.then((late) => late.close()).catch(() => undefined);
    client?.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** 同时至多 atOnce 个在进行; uWS 的 listen 队列只有 512 */
export async function forEachAtOnce(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, lane));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

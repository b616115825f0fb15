// 正在上传而已可下载的文件: 播给声明了 offer 的成员, 每个来源编码一次; 新人先得到现有的
import { encode } from '../protocol/codec.js';
import type { FileOfferMessage, OfferedFile, Recipient } from '../protocol/messages.js';
import type { Fanout } from './fanout.js';
import type { Member } from './member.js';
import { Origins } from './origins.js';
import type { Presence } from './presence.js';

const WITHDRAWN_TOPIC = 'offer';
// 新人至多得到这么多, 取最新的
const MAX_LISTED_OFFERS = 256;

export class OfferBoard {
  readonly #fanout: Fanout;
  readonly #presence: Presence;
  readonly #origins = new Origins('offer');
  /** 声明了 people 的另成一组: 多一个 from */
  readonly #signed = new Origins('offer.people');
  /** 份数不超过 uploads.maxActive */
  readonly #current = new Map<string, OfferedFile>();

  constructor(fanout: Fanout, presence: Presence) {
    this.#fanout = fanout;
    this.#presence = presence;
  }

  /** 声明了 offer 的成员加入: 此后的都听得到; 现有的由 list 给出 */
  enter(member: Member): void {
    if (!member.offer) return;
    const topic = this.#originsOf(member).enter(member.origin);
    const { visits } = member;
    // 还在排队的进展比将要列给他的旧: 排在它们之后
    this.#fanout.inOrder(() => {
      if (member.session === undefined || member.visits !== visits) return;
      member.connection.subscribe(WITHDRAWN_TOPIC);
      member.connection.subscribe(topic);
    });
  }

  exit(member: Member): void {
    if (!member.offer) return;
    member.connection.unsubscribe(WITHDRAWN_TOPIC);
    member.connection.unsubscribe(this.#originsOf(member).exit(member.origin));
  }

  /** 把正在进行的告诉刚加入的成员; 等历史期间他可能已经离开 */
  list(member: Member): void {
    if (!member.offer || member.session === undefined) return;
    for (const file of [...this.#current.values()].slice(-MAX_LISTED_OFFERS)) {
      member.send(toOffer(file, member));
    }
  }

  offered(file: OfferedFile): void {
    this.#current.set(file.id, file);
    this.#presence.flushFor(file.name);
    for (const people of [false, true]) {
      for (const [origin, topic] of this.#originsOf({ people }).topics()) {
        this.#fanout.publish(topic, encode(toOffer(file, { origin, people })));
      }
    }
  }

  #originsOf({ people }: { readonly people: boolean }): Origins {
    return people ? this.#signed : this.#origins;
  }

  /** 已发布的不必再说: file 已广播, 盖住先前的一切 */
  closed(fileId: string, outcome: 'published' | 'withdrawn'): void {
    this.#current.delete(fileId);
    if (outcome === 'published') return;
    this.#fanout.publish(WITHDRAWN_TOPIC, encode({ type: 'file_withdrawn', id: fileId }));
  }
}

function toOffer({ path, ...file }: OfferedFile, { origin, people }: Recipient): FileOfferMessage {
  const { id, name, originalName, size, received, state } = file;
  const sender = people && file.from !== undefined ? { from: file.from } : {};
  return { type: 'file_offer', id, name, originalName, size, url: origin + path, received, state, ...sender };
}

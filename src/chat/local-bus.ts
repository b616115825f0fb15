// 单进程的总线: 编号由本进程的消息日志给出, 其余当场回到本进程
import type { FileEntry, FileRecord, TextEntry } from '../protocol/messages.js';
import type { Appended, Bus, BusListener, MessageLog, PresenceChange, Provenance } from './ports.js';

export class LocalBus implements Bus {
  readonly #log: MessageLog;
  #listener: BusListener | undefined;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  get epoch(): string {
    return this.#log.epoch;
  }

  get seq(): number {
    return this.#log.seq;
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  // 先记后播: 播出去的消息, 进程被杀也在日志里
  text(draft: Omit<TextEntry, 'seq'>, provenance?: Provenance): Appended<TextEntry> {
    const appended = this.#log.appendText(draft, provenance);
    this.#listener?.entry(appended.entry);
    return appended;
  }

  file(draft: { time: number; file: FileRecord }, provenance?: Provenance): Appended<FileEntry> {
    const appended = this.#log.appendFile(draft, provenance);
    this.#listener?.entry(appended.entry);
    return appended;
  }

  presence(change: PresenceChange): void {
    this.#listener?.presence(change);
  }
}

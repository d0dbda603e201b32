/** The outbox's entries in IndexedDB. */
import type { Id } from "../api/types";
import type { Entry, Store } from "./outbox";

const DATABASE = "harvest";
const TABLE = "outbox";

function request<T>(of: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    of.onsuccess = () => resolve(of.result);
    of.onerror = () => reject(of.error);
  });
}

export class IndexedStore implements Store {
  private database: Promise<IDBDatabase> | null = null;

  constructor(private readonly factory: IDBFactory) {}

  private open(): Promise<IDBDatabase> {
    this.database ??= new Promise((resolve, reject) => {
      const opening = this.factory.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: "id" });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    return this.database;
  }

  private async table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.open()).transaction(TABLE, mode).objectStore(TABLE);
  }

  async all(): Promise<Entry[]> {
    return request((await this.table("readonly")).getAll() as IDBRequest<Entry[]>);
  }

  async has(id: Id): Promise<boolean> {
    return (await request((await this.table("readonly")).count(id))) > 0;
  }

  /** Resolves when the entry is on disk, not when it was asked for. */
  async put(entry: Entry): Promise<void> {
    await this.write((table) => table.put(entry));
  }

  async remove(id: Id): Promise<void> {
    await this.write((table) => table.delete(id));
  }

  private async write(change: (table: IDBObjectStore) => IDBRequest): Promise<void> {
    const table = await this.table("readwrite");
    await new Promise<void>((resolve, reject) => {
      table.transaction.oncomplete = () => resolve();
      table.transaction.onerror = () => reject(table.transaction.error);
      table.transaction.onabort = () => reject(table.transaction.error);
      change(table);
    });
  }
}

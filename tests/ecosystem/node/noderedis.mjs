// node-redis, over RESP2 and RESP3: its typed replies, transactions, scripts and functions, publish and subscribe, iterators.
import * as node from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { BasicClientSideCache, createClient, createClientPool, defineScript, RESP_TYPES, WatchError } from "redis";

const url = `redis://${process.env.REDIS_ADDR}`;
const test = (name, fn) => node.test(name, { timeout: 60_000 }, fn);
const open = [];
node.after(() => { for (const c of open) c.destroy(); });

const add = defineScript({
  SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
  NUMBER_OF_KEYS: 1,
  parseCommand(parser, key, n) { parser.pushKey(key); parser.push(String(n)); },
  transformReply: undefined,
});
const library = {
  lib: {
    twice: {
      NUMBER_OF_KEYS: 1,
      IS_READ_ONLY: true,
      parseCommand(parser, key) { parser.pushKey(key); },
      transformReply: undefined,
    },
  },
};
const code = `#!lua name=lib
redis.register_function { function_name = 'twice', flags = {'no-writes'},
  callback = function(keys) return tonumber(redis.call('GET', keys[1])) * 2 end }`;

const connect = async (options) => {
  const c = createClient({ url, scripts: { add }, functions: library, unstableResp3: true, ...options });
  c.on("error", () => {});
  await c.connect();
  open.push(c);
  return c;
};

// What XREAD gave, as [id, [field, value, ...]]: node-redis takes it apart over RESP2, and leaves it as it is over RESP3.
const entries = (reply, key) =>
  Array.isArray(reply)
    ? reply.find((s) => s.name === key).messages.map((m) => [m.id, Object.entries(m.message).flat()])
    : reply[key];

for (const RESP of [2, 3]) {
  const on = (name, fn) =>
    test(`RESP${RESP}: ${name}`, async () => {
      const c = await connect({ RESP });
      await c.flushAll();
      await fn(c);
    });

  on("every type", async (c) => {
    assert.equal(await c.set("k", "v", { expiration: { type: "EX", value: 100 }, condition: "NX" }), "OK");
    assert.equal(await c.set("k", "w", { condition: "NX" }), null);
    assert.equal(await c.ttl("k"), 100);
    await c.hSet("h", { a: "1", b: "2" });
    assert.deepEqual({ ...(await c.hGetAll("h")) }, { a: "1", b: "2" });
    await c.sAdd("s", ["x", "y"]);
    assert.deepEqual([...(await c.sMembers("s"))].sort(), ["x", "y"]);
    assert.deepEqual(await c.smIsMember("s", ["x", "z"]).then((r) => r.map(Number)), [1, 0]);
    await c.zAdd("z", [{ score: 1.5, value: "a" }, { score: Infinity, value: "b" }]);
    assert.deepEqual(await c.zRangeWithScores("z", 0, -1), [{ value: "a", score: 1.5 }, { value: "b", score: Infinity }]);
    assert.equal(await c.zScore("z", "a"), 1.5);
    assert.equal(await c.zScore("z", "none"), null);
    assert.deepEqual(await c.zPopMin("z"), { value: "a", score: 1.5 });
    await c.rPush("l", ["1", "2", "3"]);
    assert.deepEqual(await c.lmPop(["none", "l"], "LEFT", { COUNT: 2 }), ["l", ["1", "2"]]);
    assert.equal(await c.incrByFloat("f", 1.25), "1.25");
    await c.geoAdd("g", { longitude: 13.361389, latitude: 38.115556, member: "Palermo" });
    const [pos] = await c.geoPos("g", "Palermo");
    assert.ok(Math.abs(Number(pos.longitude) - 13.361389) < 1e-5);
    assert.deepEqual(await c.configGet("maxmemory-policy").then((m) => ({ ...m })), { "maxmemory-policy": "noeviction" });
    assert.equal(await c.exists(["k", "h", "none"]), 2);
    const bytes = await c.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get("k");
    assert.deepEqual(bytes, Buffer.from("v"));
    assert.equal((await c.memoryUsage("k")) > 0, true);
    assert.ok((await c.commandCount()) > 200);
    assert.deepEqual(await c.commandGetKeys(["MSET", "a", "1", "b", "2"]), ["a", "b"]);
    const info = await c.commandInfo(["get"]);
    assert.equal(info[0].name, "get");
    assert.equal((await c.clientInfo()).resp ?? RESP, RESP);
    await assert.rejects(c.lPush("k", "x"), { message: "WRONGTYPE Operation against a key holding the wrong kind of value" });
  });

  on("fields that expire", async (c) => {
    await c.hSet("h", { a: "1", b: "2" });
    assert.deepEqual(await c.hExpire("h", "a", 100), [1]);
    assert.deepEqual(await c.hTTL("h", ["a", "b", "none"]), [100, -1, -2]);
    assert.deepEqual(await c.hpExpire("h", "b", 20), [1]);
    while ((await c.hExists("h", "b")) !== 0) await sleep(5);
    assert.deepEqual(await c.hPersist("h", "a"), [1]);
    assert.deepEqual(await c.hGetDel("h", "a"), ["1"]);
    assert.equal(await c.exists("h"), 0);
  });

  on("transactions", async (c) => {
    assert.deepEqual(await c.multi().set("a", "1").incr("a").get("a").exec(), ["OK", 2, "2"]);
    const other = await connect({ RESP });
    await c.watch("w");
    await other.set("w", "1");
    await assert.rejects(c.multi().set("w", "2").exec(), WatchError);
    await c.watch("w");
    assert.deepEqual(await c.multi().set("w", "3").exec(), ["OK"]);
    await assert.rejects(c.multi().set("a", "x").incr("a").exec(), (e) => /not an integer/.test(e.replies[1].message));
    assert.deepEqual(await c.multi().zAdd("z", { score: 1, value: "m" }).zRangeWithScores("z", 0, -1).exec(),
      [1, [{ value: "m", score: 1 }]]);
  });

  on("scripts and functions", async (c) => {
    assert.equal(await c.add("n", 5), 5);
    await c.scriptFlush();
    assert.equal(await c.add("n", 5), 10);
    assert.deepEqual(await c.multi().add("n", 1).add("n", 1).exec(), [11, 12]);
    assert.equal(await c.functionLoad(code, { REPLACE: true }), "lib");
    assert.equal(await c.lib.twice("n"), 24);
    const [lib] = await c.functionList({ LIBRARYNAME: "lib" });
    assert.equal(lib["library_name"], "lib");
    assert.equal(lib.functions[0].name, "twice");
    const dump = await c.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).functionDump();
    await c.functionFlush();
    await assert.rejects(c.lib.twice("n"), /Function not found/);
    await c.functionRestore(dump);
    assert.equal(await c.lib.twice("n"), 24);
    await c.functionDelete("lib");
    if (RESP === 3) {
      assert.deepEqual({ ...(await c.eval("redis.setresp(3); return redis.call('HGETALL', KEYS[1])", { keys: ["none"] })) }, {});
      assert.equal(await c.eval("return {double = 1.5}"), 1.5);
    }
  });

  on("publish and subscribe", async (c) => {
    const sub = await connect({ RESP });
    const got = [];
    await sub.subscribe("news", (text, channel) => got.push([channel, text]));
    await sub.pSubscribe("n*", (text, channel) => got.push(["n*", channel, text]));
    await sub.sSubscribe("shard", (text, channel) => got.push([channel, text]));
    if (RESP === 3) assert.equal(await sub.ping(), "PONG");
    assert.equal(await c.publish("news", "one"), 2);
    assert.equal(await c.sPublish("shard", "two"), 1);
    while (got.length < 3) await sleep(5);
    assert.deepEqual(got, [["news", "one"], ["n*", "news", "one"], ["shard", "two"]]);
    assert.deepEqual(await c.pubSubChannels(), ["news"]);
    assert.deepEqual(await c.pubSubShardChannels(), ["shard"]);
    assert.equal(await c.pubSubNumPat(), 1);
    await sub.unsubscribe("news");
    await sub.pUnsubscribe("n*");
    await sub.sUnsubscribe("shard");
    assert.equal(await sub.get("k"), null);
  });

  on("streams", async (c) => {
    await c.xGroupCreate("st", "g", "$", { MKSTREAM: true });
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(await c.xAdd("st", "*", { n: String(i) }));
    const read = entries(await c.xReadGroup("g", "alice", { key: "st", id: ">" }, { COUNT: 3 }), "st");
    assert.deepEqual(read.map(([id]) => id), ids.slice(0, 3));
    assert.deepEqual(read[0][1], ["n", "0"]);
    assert.equal(await c.xAck("st", "g", ids[0]), 1);
    assert.equal((await c.xPending("st", "g")).pending, 2);
    assert.equal((await c.xAutoClaim("st", "g", "bob", 0, "0")).messages.length, 2);
    assert.equal((await c.xInfoStream("st")).length, 5);
    const [group] = await c.xInfoGroups("st");
    assert.equal(group.pending, 2);
    assert.equal(await c.xLen("st"), 5);
    const other = await connect({ RESP });
    const waiting = other.xRead({ key: "st", id: "$" }, { BLOCK: 5000 });
    await sleep(50);
    const id = await c.xAdd("st", "*", { n: "last" });
    assert.equal(entries(await waiting, "st")[0][0], id);
  });

  on("iterators", async (c) => {
    const m = c.multi();
    for (let i = 0; i < 2000; i++) m.set(`k${i}`, "v").hSet("hash", `f${i}`, "v").zAdd("zset", { score: i, value: `m${i}` });
    await m.execAsPipeline();
    const seen = new Set();
    for await (const keys of c.scanIterator({ MATCH: "k*", COUNT: 100 })) for (const k of keys) seen.add(k);
    assert.equal(seen.size, 2000);
    let n = 0;
    for await (const fields of c.hScanIterator("hash")) n += fields.length;
    assert.equal(n, 2000);
    n = 0;
    for await (const members of c.zScanIterator("zset")) n += members.length;
    assert.equal(n, 2000);
  });

  on("a pool, blocking commands and many commands at once", async (c) => {
    const pool = createClientPool({ url, RESP }, { minimum: 2, maximum: 5 });
    await pool.connect();
    const popped = pool.execute((one) => one.blPop("q", 5));
    await sleep(30);
    await c.rPush("q", "x");
    assert.deepEqual({ ...(await popped) }, { key: "q", element: "x" });
    await Promise.all(Array.from({ length: 5000 }, () => pool.incr("n")));
    assert.equal(await c.get("n"), "5000");
    pool.destroy();
  });

  on("a killed connection comes back", async (c) => {
    const other = await connect({ RESP, socket: { reconnectStrategy: 10 } });
    const id = await other.clientId();
    assert.equal(await c.clientKill({ filter: "ID", id }), 1);
    let value;
    for (let i = 0; i < 100 && value !== "PONG"; i++) value = await other.ping().catch(() => sleep(10));
    assert.equal(value, "PONG");
    assert.notEqual(await other.clientId(), id);
  });
}

test("RESP3: a cache in the client, which the server keeps true", async () => {
  const writer = await connect({ RESP: 3 });
  await writer.flushAll();
  const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: "LRU", recordStats: true });
  const c = await connect({ RESP: 3, clientSideCache: cache });
  const changed = async (what, value) => {
    for (let i = 0; i < 1000 && (await what()) !== value; i++) await sleep(5);
    assert.equal(await what(), value);
  };
  await writer.set("k", "1");
  await writer.hSet("h", "f", "1");
  for (let i = 0; i < 10; i++) {
    assert.equal(await c.get("k"), "1");
    assert.equal(await c.hGet("h", "f"), "1");
  }
  assert.equal(cache.stats().hitCount, 18);
  assert.equal(cache.stats().missCount, 2);
  const calls = async () => Number((await writer.info("commandstats")).match(/cmdstat_get:calls=(\d+)/)[1]);
  const before = await calls();
  for (let i = 0; i < 100; i++) await c.get("k");
  assert.equal(await calls(), before);

  await writer.set("k", "2");
  await changed(() => c.get("k"), "2");
  await writer.hSet("h", "f", "2");
  await changed(() => c.hGet("h", "f"), "2");
  await writer.pExpire("k", 20);
  await changed(() => c.get("k"), null);
  await writer.multi().set("k", "3").set("k", "4").exec();
  await changed(() => c.get("k"), "4");
  await writer.eval("redis.call('SET', KEYS[1], ARGV[1])", { keys: ["k"], arguments: ["5"] });
  await changed(() => c.get("k"), "5");
  await writer.flushAll();
  await changed(() => c.get("k"), null);
});

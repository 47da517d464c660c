// ioredis: pipelines, transactions, scripts, publish and subscribe, streams, blocking commands and scans, as applications use
// them.
import * as node from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import Redis from "ioredis";

const [host, port] = process.env.REDIS_ADDR.split(":");
const test = (name, fn) => node.test(name, { timeout: 60_000 }, fn);
const open = [];
const connect = (options = {}) => {
  const c = new Redis({ host, port: Number(port), ...options });
  open.push(c);
  return c;
};

let redis;
node.before(() => { redis = connect(); });
node.beforeEach(() => redis.flushall());
node.after(() => { for (const c of open) c.disconnect(); });

test("it connects, knows the server and selects a database", async () => {
  const c = connect({ db: 3, connectionName: "someone", lazyConnect: true });
  await c.connect();
  assert.equal(c.status, "ready");
  assert.match(c.serverInfo?.redis_version ?? (await c.info("server")), /\d+\.\d+\.\d+/);
  await c.set("k", "v");
  assert.equal(await redis.get("k"), null);
  await redis.select(3);
  assert.equal(await redis.get("k"), "v");
  await redis.select(0);
  assert.equal(await c.client("GETNAME"), "someone");
  assert.match(await c.client("LIST"), /name=someone .* db=3 /);
  assert.equal(await c.quit(), "OK");
});

test("values of every type, binary ones too", async () => {
  const bytes = Buffer.from([0, 13, 10, 255, 128, 0]);
  await redis.set("b", bytes);
  assert.deepEqual(await redis.getBuffer("b"), bytes);
  assert.equal(await redis.set("k", "v", "EX", 100, "NX"), "OK");
  assert.equal(await redis.set("k", "w", "NX"), null);
  assert.ok((await redis.pttl("k")) > 99_000);
  await redis.hset("h", { a: 1, b: "two" });
  await redis.hset("h", new Map([["c", "3"]]));
  assert.deepEqual(await redis.hgetall("h"), { a: "1", b: "two", c: "3" });
  await redis.mset({ x: "1", y: "2" });
  assert.deepEqual(await redis.mget("x", "none", "y"), ["1", null, "2"]);
  await redis.rpush("l", 1, 2, 3);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["1", "2", "3"]);
  assert.equal(await redis.lmove("l", "m", "LEFT", "RIGHT"), "1");
  await redis.sadd("s", ["a", "b", "c"]);
  assert.equal(await redis.scard("s"), 3);
  await redis.zadd("z", 1.5, "a", 2, "b", "+inf", "c");
  assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["a", "1.5", "b", "2", "c", "inf"]);
  assert.equal(await redis.zscore("z", "a"), "1.5");
  await redis.geoadd("g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania");
  assert.deepEqual(await redis.geosearch("g", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC"), ["Catania", "Palermo"]);
  await redis.pfadd("p", "a", "b", "c");
  assert.equal(await redis.pfcount("p"), 3);
  await redis.setbit("bits", 7, 1);
  assert.equal(await redis.bitcount("bits"), 1);
  assert.equal(await redis.object("ENCODING", "x"), "int");
  await assert.rejects(redis.lpush("k", "x"), /^ReplyError: WRONGTYPE Operation against a key holding the wrong kind of value$/);
  const big = "0123456789".repeat(500_000);
  await redis.set("big", big);
  assert.equal(await redis.get("big"), big);
});

test("a pipeline of 20,000 commands, and automatic pipelines", async () => {
  const p = redis.pipeline();
  for (let i = 0; i < 10_000; i++) p.set(`k${i}`, i).get(`k${i}`);
  const replies = await p.exec();
  assert.equal(replies.length, 20_000);
  assert.ok(replies.every(([err], i) => err === null && (i % 2 === 0 || replies[i][1] === String((i - 1) / 2))));
  const auto = connect({ enableAutoPipelining: true });
  const values = await Promise.all(Array.from({ length: 5000 }, (_, i) => auto.get(`k${i}`)));
  assert.ok(values.every((v, i) => v === String(i)));
  const mixed = await redis.pipeline().set("a", 1).lpush("a", 1).incr("a").exec();
  assert.equal(mixed[1][0].message, "WRONGTYPE Operation against a key holding the wrong kind of value");
  assert.equal(mixed[2][1], 2);
});

test("transactions, watched keys, errors in them", async () => {
  assert.deepEqual(await redis.multi().set("a", 1).incr("a").get("a").exec(), [[null, "OK"], [null, 2], [null, "2"]]);
  const [, [err]] = await redis.multi().set("a", "x").incr("a").exec();
  assert.match(err.message, /not an integer/);
  await assert.rejects(redis.multi().set("a").exec(), /EXECABORT/);
  const c = connect();
  await c.watch("w");
  await redis.set("w", 1);
  assert.equal(await c.multi().set("w", 2).exec(), null);
  assert.equal(await redis.get("w"), "1");
  await c.multi({ pipeline: false });
  assert.equal(await c.set("w", 3), "QUEUED");
  assert.deepEqual(await c.exec(), [[null, "OK"]]);
  // Many clients raise a counter under WATCH; no increment is lost.
  await redis.set("n", 0);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const mine = connect();
      for (let done = 0; done < 20; ) {
        await mine.watch("n");
        const n = Number(await mine.get("n"));
        if ((await mine.multi().set("n", n + 1).exec()) !== null) done++;
      }
    }),
  );
  assert.equal(await redis.get("n"), "160");
});

test("scripts: defineCommand, EVALSHA and what follows when the server has forgotten it, read-only ones", async () => {
  redis.defineCommand("echoes", {
    numberOfKeys: 2,
    lua: "return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], redis.call('INCR', KEYS[1])}",
  });
  assert.deepEqual(await redis.echoes("k1", "k2", "a", "b"), ["k1", "k2", "a", "b", 1]);
  assert.deepEqual(await redis.echoes("k1", "k2", "a", "b"), ["k1", "k2", "a", "b", 2]);
  await redis.script("FLUSH");
  assert.deepEqual(await redis.echoes("k1", "k2", "a", "b"), ["k1", "k2", "a", "b", 3]);
  await redis.script("FLUSH");
  const [[err, reply]] = await redis.pipeline().echoes("k1", "k2", "a", "b").exec();
  assert.equal(err, null);
  assert.equal(reply[4], 4);
  redis.defineCommand("peek", { numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])", readOnly: true });
  assert.equal(await redis.peek("k1"), "4");
  await assert.rejects(redis.eval("return redis.error_reply('MINE failed')", 0), /MINE failed/);
  await assert.rejects(redis.eval("return nosuch()", 0), /Script attempted to access nonexistent global variable 'nosuch'/);
  assert.equal(await redis.eval("return cjson.encode({1, 'two', false})", 0), '[1,"two",false]');
  assert.deepEqual(await redis.eval("return cmsgpack.unpack(cmsgpack.pack({1, 2, {a = 'b'}}))", 0), [1, 2, []]);
});

test("publish and subscribe, patterns, keyspace events", async () => {
  const sub = connect();
  const got = [];
  sub.on("message", (channel, text) => got.push([channel, text]));
  sub.on("pmessage", (pattern, channel, text) => got.push([pattern, channel, text]));
  assert.equal(await sub.subscribe("news", "sport"), 2);
  assert.equal(await sub.psubscribe("n*"), 3);
  await assert.rejects(sub.get("k"), /subscriber mode/);
  assert.equal(await redis.publish("news", "one"), 2);
  assert.equal(await redis.publish("sport", "two"), 1);
  assert.equal(await redis.publish("other", "three"), 0);
  while (got.length < 3) await sleep(5);
  assert.deepEqual(got, [["news", "one"], ["n*", "news", "one"], ["sport", "two"]]);
  assert.deepEqual((await redis.pubsub("CHANNELS")).sort(), ["news", "sport"]);
  assert.deepEqual(await redis.pubsub("NUMSUB", "news"), ["news", 1]);
  assert.equal(await sub.unsubscribe("news"), 2);
  await sub.unsubscribe("sport");
  await sub.punsubscribe("n*");
  assert.equal(await sub.get("k"), null);

  await redis.config("SET", "notify-keyspace-events", "Ex");
  await sub.subscribe("__keyevent@0__:expired");
  const expired = once(sub, "message");
  await redis.set("short", 1, "PX", 30);
  assert.deepEqual(await expired, ["__keyevent@0__:expired", "short"]);
  await redis.config("SET", "notify-keyspace-events", "");
});

test("subscriptions come back after the connection is lost, and commands wait for it", async () => {
  const sub = connect({ retryStrategy: () => 10 });
  const id = await sub.client("ID");
  await sub.subscribe("again");
  const ready = once(sub, "ready");
  assert.equal(await redis.client("KILL", "ID", id), 1);
  await ready;
  const message = once(sub, "message");
  while ((await redis.publish("again", "here")) === 0) await sleep(5);
  assert.deepEqual(await message, ["again", "here"]);
});

test("streams with a group of consumers", async () => {
  await redis.xgroup("CREATE", "st", "g", "$", "MKSTREAM");
  for (let i = 0; i < 10; i++) await redis.xadd("st", "MAXLEN", "~", 1000, "*", "n", i);
  const [[key, first]] = await redis.xreadgroup("GROUP", "g", "alice", "COUNT", 6, "STREAMS", "st", ">");
  assert.equal(key, "st");
  assert.equal(first.length, 6);
  const [[, second]] = await redis.xreadgroup("GROUP", "g", "bob", "COUNT", 10, "STREAMS", "st", ">");
  assert.equal(second.length, 4);
  assert.equal(await redis.xack("st", "g", ...first.slice(0, 4).map(([id]) => id)), 4);
  const pending = await redis.xpending("st", "g");
  assert.equal(pending[0], 6);
  assert.deepEqual(pending[3], [["alice", "2"], ["bob", "4"]]);
  const [, claimed] = await redis.xautoclaim("st", "g", "carol", 0, "0");
  assert.equal(claimed.length, 6);
  const waiting = connect().xread("BLOCK", 5000, "STREAMS", "st", "$");
  await sleep(50);
  const id = await redis.xadd("st", "*", "n", "last");
  assert.deepEqual(await waiting, [["st", [[id, ["n", "last"]]]]]);
  const info = await redis.xinfo("STREAM", "st");
  assert.equal(info[info.indexOf("length") + 1], 11);
});

test("blocking commands", async () => {
  const c = connect();
  const popped = c.blpop("q1", "q2", 5);
  await sleep(20);
  await redis.rpush("q2", "x");
  assert.deepEqual(await popped, ["q2", "x"]);
  const moved = c.blmove("from", "to", "LEFT", "RIGHT", 5);
  await redis.rpush("from", "y");
  assert.equal(await moved, "y");
  const least = c.bzpopmin("z", 5);
  await redis.zadd("z", 2, "b");
  assert.deepEqual(await least, ["z", "b", "2"]);
  const began = Date.now();
  assert.equal(await c.blpop("never", 0.1), null);
  assert.ok(Date.now() - began >= 95);
});

test("scans as streams", async () => {
  const p = redis.pipeline();
  for (let i = 0; i < 3000; i++) {
    p.set(`key:${i}`, i);
    p.hset("hash", `f${i}`, i);
    p.sadd("set", i);
    p.zadd("zset", i, `m${i}`);
  }
  await p.exec();
  const all = async (stream, size = 1) => {
    const seen = new Set();
    for await (const batch of stream) for (let i = 0; i < batch.length; i += size) seen.add(batch[i]);
    return seen.size;
  };
  assert.equal(await all(redis.scanStream({ match: "key:*", count: 100 })), 3000);
  assert.equal(await all(redis.scanStream({ type: "hash" })), 1);
  assert.equal(await all(redis.hscanStream("hash", { count: 100 }), 2), 3000);
  assert.equal(await all(redis.sscanStream("set")), 3000);
  assert.equal(await all(redis.zscanStream("zset"), 2), 3000);
});

test("MONITOR", async () => {
  const m = await redis.monitor();
  open.push(m);
  const seen = new Promise((resolve) => {
    m.on("monitor", (time, args, source, database) => {
      if (args[0].toLowerCase() === "set") resolve([args, database]);
    });
  });
  await redis.set("k", 'quo"te\n');
  const [args, database] = await seen;
  assert.deepEqual(args.slice(1), ["k", 'quo"te\\n']);
  assert.equal(database, "0");
});

test("users and passwords", async () => {
  await redis.acl("SETUSER", "reader", "on", ">secret", "~public:*", "+@read", "+ping", "+info", "+client");
  const c = connect({ username: "reader", password: "secret" });
  assert.equal(await c.get("public:k"), null);
  await assert.rejects(c.get("private:k"), /NOPERM/);
  await assert.rejects(c.set("public:k", 1), /NOPERM/);
  const wrong = connect({ username: "reader", password: "guess", lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  wrong.on("error", () => {});
  const [err] = await Promise.all([once(wrong, "error").then(([e]) => e), wrong.connect().catch(() => {})]);
  assert.match(err.message, /WRONGPASS/);
  await redis.acl("DELUSER", "reader");
});

// BullMQ, a job queue that is 50 Lua scripts over lists, sorted sets, hashes and streams: 10,000 jobs, of which some are
// delayed, some fail and are tried again, and some are parents that wait for their children.
import * as node from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { FlowProducer, Job, Queue, QueueEvents, UnrecoverableError, Worker } from "bullmq";

const [host, port] = process.env.REDIS_ADDR.split(":");
const connection = { host, port: Number(port), maxRetriesPerRequest: null };

const test = (name, fn) => node.test(name, { timeout: 240_000 }, fn);
const open = [];
const keep = (x) => (open.push(x), x);
node.after(async () => {
  for (const x of open.reverse()) await x.close();
});

const until = async (what, fn, ms = 120_000) => {
  for (const deadline = Date.now() + ms; ; await sleep(50)) {
    if (await fn()) return;
    if (Date.now() > deadline) throw new Error(`in ${ms} ms it did not happen that ${what}`);
  }
};

const JOBS = 10_000;

test(`${JOBS} jobs, some delayed, some failing at first, some failing for good`, async () => {
  const queue = keep(new Queue("many", { connection }));
  const events = keep(new QueueEvents("many", { connection, maxEvents: 100_000 }));
  await events.waitUntilReady();
  const seen = new Set();
  const failed = new Set();
  events.on("completed", ({ jobId }) => seen.add(jobId));
  events.on("failed", ({ jobId }) => failed.add(jobId));

  const began = Date.now();
  let added = 0;
  for (let from = 0; from < JOBS; from += 1000) {
    const jobs = [];
    for (let n = from; n < from + 1000; n++) {
      const opts = { attempts: 3, backoff: { type: "fixed", delay: 20 } };
      if (n % 10 === 3) opts.delay = 500 + (n % 700);
      if (n % 10 === 4) opts.priority = 1 + (n % 5);
      if (n % 10 === 5) opts.lifo = true;
      jobs.push({ name: "job", data: { n, text: "x".repeat(n % 100) }, opts });
    }
    added += (await queue.addBulk(jobs)).length;
  }
  assert.equal(added, JOBS);

  const early = [];
  const tries = new Map();
  const worker = keep(
    new Worker(
      "many",
      async (job) => {
        const { n } = job.data;
        tries.set(n, (tries.get(n) ?? 0) + 1);
        if (job.opts.delay && Date.now() < job.timestamp + job.opts.delay - 1) early.push(n);
        if (n % 100 === 7 && job.attemptsMade === 0) throw new Error("not at first");
        if (n % 1000 === 8) throw new UnrecoverableError("never");
        if (n % 1000 === 9) throw new Error("not in three attempts");
        if (n % 500 === 1) await job.updateProgress(50);
        if (n % 500 === 2) await job.log("a line");
        return n * 2;
      },
      { connection, concurrency: 50 },
    ),
  );
  worker.on("error", (e) => assert.fail(e));
  const bad = (JOBS / 1000) * 2;
  await until("all jobs are finished", async () => {
    const c = await queue.getJobCounts("completed", "failed");
    return c.completed + c.failed === JOBS;
  });
  const counts = await queue.getJobCounts();
  assert.equal(counts.completed, JOBS - bad);
  assert.equal(counts.failed, bad);
  for (const state of ["active", "delayed", "waiting", "paused", "prioritized", "waiting-children"]) {
    assert.equal(counts[state] ?? 0, 0, state);
  }
  assert.deepEqual(early, [], "delayed jobs that ran too early");
  for (let n = 0; n < JOBS; n++) {
    const want = n % 100 === 7 ? 2 : n % 1000 === 9 ? 3 : 1;
    assert.equal(tries.get(n), want, `attempts of job ${n}`);
  }
  await until("all events have come", () => seen.size === JOBS - bad && failed.size === bad);

  const [job] = await queue.getCompleted(0, 0);
  assert.equal(job.returnvalue, job.data.n * 2);
  const [lost] = await queue.getFailed(0, 0);
  assert.match(lost.failedReason, /never|three/);
  assert.equal((await queue.getJobs(["completed"], 100, 199)).length, 100);
  console.log(`# ${JOBS} jobs in ${Date.now() - began} ms`);
  await worker.close();

  // A failed job can be tried again by hand; finished ones are cleaned away.
  await lost.retry();
  assert.equal(await lost.getState(), "waiting");
  let cleaned = 0;
  for (let ids; (ids = await queue.clean(0, 1000, "completed")).length > 0; ) cleaned += ids.length;
  assert.equal(cleaned, JOBS - bad);
  await queue.obliterate({ force: true });
  assert.equal((await queue.client.then((c) => c.keys("bull:many:*"))).filter((k) => !k.endsWith(":events")).length, 0);
});

test("a flow: children of children, and a parent that reads their results", async () => {
  const flow = keep(new FlowProducer({ connection }));
  const child = (name, n) => ({ name, queueName: "parts", data: { n } });
  const tree = await flow.add({
    name: "report",
    queueName: "wholes",
    data: {},
    children: [
      ...Array.from({ length: 20 }, (_, n) => child("part", n)),
      { name: "sub", queueName: "wholes", data: {}, children: Array.from({ length: 5 }, (_, n) => child("leaf", 100 + n)) },
    ],
  });
  assert.equal(tree.children.length, 21);
  assert.equal(await tree.job.getState(), "waiting-children");
  const parts = keep(new Worker("parts", async (job) => job.data.n, { connection, concurrency: 4 }));
  const wholes = keep(
    new Worker(
      "wholes",
      async (job) => Object.values(await job.getChildrenValues()).reduce((sum, v) => sum + v, 0),
      { connection },
    ),
  );
  await until("the root is finished", () => tree.job.isCompleted());
  const root = await Job.fromId(keep(new Queue("wholes", { connection })), tree.job.id);
  assert.equal(root.returnvalue, (19 * 20) / 2 + 5 * 100 + (4 * 5) / 2);
  const { processed, unprocessed } = await root.getDependencies();
  assert.equal(Object.keys(processed).length, 21);
  assert.equal((unprocessed ?? []).length, 0);
  await parts.close();
  await wholes.close();
});

test("a child that fails for good fails its parent", async () => {
  const flow = keep(new FlowProducer({ connection }));
  const tree = await flow.add({
    name: "parent",
    queueName: "unlucky",
    data: {},
    children: [{ name: "child", queueName: "unlucky", data: { fail: true }, opts: { failParentOnFailure: true } }],
  });
  const w = keep(
    new Worker("unlucky", async (job) => { if (job.data.fail) throw new Error("child"); }, { connection }),
  );
  await until("the parent has failed", () => tree.job.isFailed());
  await w.close();
});

test("pause, resume, rate limit, promote, remove", async () => {
  const queue = keep(new Queue("paced", { connection }));
  await queue.pause();
  assert.equal(await queue.isPaused(), true);
  const done = [];
  const w = keep(
    new Worker("paced", async (job) => { done.push([job.name, Date.now()]); }, {
      connection,
      limiter: { max: 5, duration: 300 },
    }),
  );
  await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: `j${n}`, data: {} })));
  await sleep(200);
  assert.equal(done.length, 0);
  await queue.resume();
  await until("all have run", () => done.length === 20);
  assert.ok(done[19][1] - done[0][1] >= 800, "the rate limit held");

  const later = await queue.add("later", {}, { delay: 3_600_000 });
  assert.equal(await later.getState(), "delayed");
  await later.promote();
  await until("the promoted job is finished", () => later.isCompleted());
  const gone = await queue.add("gone", {}, { delay: 3_600_000 });
  await gone.remove();
  assert.equal(await queue.getJob(gone.id), undefined);
  await w.close();
});

test("deduplication and a job scheduler", async () => {
  const queue = keep(new Queue("timed", { connection }));
  const one = await queue.add("once", { n: 1 }, { deduplication: { id: "d", ttl: 10_000 }, delay: 60_000 });
  const two = await queue.add("once", { n: 2 }, { deduplication: { id: "d", ttl: 10_000 }, delay: 60_000 });
  assert.equal(one.id, two.id);
  let ticks = 0;
  const w = keep(new Worker("timed", async () => { ticks++; }, { connection }));
  await queue.upsertJobScheduler("ticker", { every: 100 }, { name: "tick" });
  await until("the scheduler has ticked", () => ticks >= 5);
  assert.equal((await queue.getJobSchedulers()).length, 1);
  assert.equal(await queue.removeJobScheduler("ticker"), true);
  assert.equal((await queue.getJobSchedulers()).length, 0);
  await w.close();
});

test("a worker that dies in the midst of a job: another one takes it over", async () => {
  const queue = keep(new Queue("stalled", { connection }));
  let runs = 0;
  const first = new Worker("stalled", () => { runs++; return new Promise(() => {}); }, {
    connection, lockDuration: 500, skipLockRenewal: true, skipStalledCheck: true,
  });
  const job = await queue.add("job", {});
  await until("it runs", () => runs === 1);
  await first.close(true);
  const second = keep(
    new Worker("stalled", async () => { runs++; return "done"; }, { connection, stalledInterval: 300, lockDuration: 500 }),
  );
  await until("the other one has finished it", () => job.isCompleted());
  assert.equal(runs, 2);
  await second.close();
});

'use strict';
const { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { dirname } = require('node:path');

const WAIT_MS = 15 * 60_000;

/** Runs `work` while no other process on this machine holds `path`. The lock of a process that is gone is taken over. */
function alone(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  take(path);
  try {
    return work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    let told = false;
    for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline;) {
      if (linked(mine, path)) return;
      const holder = holderOf(path);
      if (holder && !isAlive(holder)) takeAway(path, holder);
      else {
        if (!told) console.error(`evenkeel: process ${holder} is setting up; waiting for it`);
        told = true;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      }
    }
    throw new Error(`${path} is still held after ${WAIT_MS / 60_000} minutes; remove it if no set-up is running`);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A hard link appears with its content or not at all, so nobody ever reads an empty lock. */
function linked(mine, path) {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two waiters may both see a dead holder: only one rename finds its lock; a lock that was new by then is given back. */
function takeAway(path, holder) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (holderOf(aside) !== holder) linked(aside, path);
  rmSync(aside, { force: true });
}

module.exports = { alone };

#!/bin/sh
# The namespace in which the worker looks for work. Search attributes are added by the worker itself.
set -eu
for _ in 1 2 3 4 5 6; do
  temporal operator cluster health && break
  sleep 5
done
temporal operator namespace describe -n default >/dev/null 2>&1 || temporal operator namespace create -n default

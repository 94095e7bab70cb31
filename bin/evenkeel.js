#!/usr/bin/env node
'use strict';
require('../tools/ready').ready();
require('../dist/cli/main').main(process.argv);

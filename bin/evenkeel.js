#!/usr/bin/env node
'use strict';
require('../tools/ready').ready();
void require('../dist/cli/main').main(process.argv);

'use strict'
// The plugin of haraka.sh.
const fs = require('node:fs')
const outbound = require('Haraka/outbound')

const mails = process.env.MAILS.split(' ')
let delivered = 0

exports.hook_init_master = function (next) {
    setImmediate(() => {
        for (const path of mails) {
            outbound.send_email(process.env.FROM, process.env.TO.split(' '), fs.readFileSync(path, 'utf8'), () => {})
        }
    })
    next()
}

exports.hook_get_mx = (next) => next(OK, { exchange: '127.0.0.1', port: Number(process.env.PORT), priority: 0 })

exports.hook_delivered = (next) => {
    next()
    delivered += 1
    if (delivered === mails.length) setTimeout(() => process.exit(0), 1000)
}

exports.hook_deferred = exports.hook_bounce = () => process.exit(1)

#!/usr/bin/env node
// nodemailer, all mails over one connection if there are several.
const fs = require('node:fs')
const nodemailer = require('nodemailer')

const mails = process.argv.slice(2)
const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: Number(process.env.PORT),
    name: 'nodemailer.example.org',
    ignoreTLS: !process.env.TLS,
    requireTLS: Boolean(process.env.TLS),
    tls: { rejectUnauthorized: false },
    pool: mails.length > 1,
    maxConnections: 1,
})
const envelope = { from: process.env.FROM, to: process.env.TO.split(' ') }
const sent = mails.map((path) => transport.sendMail({ envelope, raw: fs.readFileSync(path) }))
Promise.all(sent).then(
    (told) => {
        transport.close()
        process.exit(told.every((one) => one.rejected.length === 0) ? 0 : 1)
    },
    (error) => {
        console.error(error)
        process.exit(1)
    },
)

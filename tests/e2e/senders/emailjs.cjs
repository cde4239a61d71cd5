#!/usr/bin/env node
// emailjs, one mail after the other, which it puts together itself.
const fs = require('node:fs')
const { SMTPClient } = require('emailjs')

const client = new SMTPClient({
    host: '127.0.0.1',
    port: Number(process.env.PORT),
    domain: 'emailjs.example.org',
    tls: process.env.TLS ? { rejectUnauthorized: false } : false,
})
async function send() {
    for (const path of process.argv.slice(2)) {
        const mail = fs.readFileSync(path, 'utf8')
        const end = mail.indexOf('\n\n')
        await client.sendAsync({
            from: process.env.FROM,
            to: process.env.TO.split(' ').join(', '),
            subject: /^Subject: (.*)$/m.exec(mail.slice(0, end))[1],
            text: mail.slice(end + 2).replaceAll('\n', '\r\n'),  // it sends them as they are
        })
    }
}
send().then(
    () => process.exit(0),
    (error) => {
        console.error(error)
        process.exit(1)
    },
)

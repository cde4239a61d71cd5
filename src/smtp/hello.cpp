#include "smtp/hello.hpp"

#include "smtp/reply.hpp"
#include "smtp/server.hpp"

namespace sluice::smtp {

HelloPtr Hello::make(const ServerOptions& options, const Offer& offer, std::string_view mechanisms) {
    return {new Hello(options, offer, mechanisms)};
}

Hello::Hello(const ServerOptions& options, const Offer& offer, std::string_view mechanisms) {
    const auto size_max = Offer().set_size_max(options.limits.message_octets_max).intersect(offer).size_max();
    esmtp_.offer = offer;
    esmtp_.offer.set_size_max(size_max).remove(Extension::starttls).remove(Extension::auth);
    if (options.auth != ServerOptions::Auth::off && !mechanisms.empty()) esmtp_.offer.add(Extension::auth);
    if (!options.accept_xclient) esmtp_.offer.remove(Extension::xclient);
    secure_.offer = esmtp_.offer;
    esmtp_.offer.remove(Extension::requiretls);
    if (options.auth == ServerOptions::Auth::over_tls) esmtp_.offer.remove(Extension::auth);
    if (options.starttls) esmtp_.offer.add(Extension::starttls);
    plain_.offer.set_size_max(size_max);
    for (Told* told : {&esmtp_, &secure_, &plain_}) {
        append_wire({250, options.hostname + told->offer.keyword_lines(mechanisms)},
                    told->offer.has(Extension::enhanced_status_codes), told->wire);
    }
}

}  // namespace sluice::smtp

#include "store/redis/redis_reply.hpp"

#include <hiredis/read.h>
#include <new>

namespace sluice::store {

/// The functions that hiredis calls as it reads. Values live in the tree below `root_`, whose arrays get
/// their size at once and keep it, so that a pointer into them stays valid.
struct RedisReader::Builder {
    static RedisReply* place(const redisReadTask* task) {
        auto& self = *static_cast<RedisReader*>(task->privdata);
        if (task->parent == nullptr) return &self.root_;
        return &static_cast<RedisReply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
    }
    static RedisReply* make(const redisReadTask* task, RedisReply::Kind kind) {
        RedisReply* const reply = place(task);
        reply->kind = kind;
        return reply;
    }

    static void* text(const redisReadTask* task, char* octets, std::size_t count) {
        const RedisReply::Kind kind = task->type == REDIS_REPLY_ERROR    ? RedisReply::Kind::error
                                      : task->type == REDIS_REPLY_STATUS ? RedisReply::Kind::status
                                                                         : RedisReply::Kind::text;
        RedisReply* const reply = make(task, kind);
        reply->text.assign(octets, count);
        return reply;
    }
    /// Returning null makes hiredis report that there is no memory.
    static void* array(const redisReadTask* task, int elements) {
        auto& self = *static_cast<RedisReader*>(task->privdata);
        const auto count = static_cast<std::size_t>(elements);
        if (elements < 0 || count > values_max - self.values_) return nullptr;
        self.values_ += count;
        RedisReply* const reply = make(task, RedisReply::Kind::array);
        reply->elements.assign(count, {});
        return reply;
    }
    static void* integer(const redisReadTask* task, long long value) {
        RedisReply* const reply = make(task, RedisReply::Kind::integer);
        reply->integer = value;
        return reply;
    }
    static void* nil(const redisReadTask* task) { return make(task, RedisReply::Kind::nil); }
    static void free(void* /*root*/) {}

    static redisReplyObjectFunctions functions;
};

redisReplyObjectFunctions RedisReader::Builder::functions = {.createString = text,
                                                             .createArray = array,
                                                             .createInteger = integer,
                                                             .createNil = nil,
                                                             .freeObject = free};

void RedisReader::Free::operator()(redisReader* reader) const {
    redisReaderFree(reader);
}

RedisReader::RedisReader(std::size_t reply_octets_max)
    : reply_octets_max_(reply_octets_max), reader_(redisReaderCreateWithFunctions(&Builder::functions)) {
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = this;
}

RedisReader::~RedisReader() = default;

void RedisReader::feed(std::string_view octets) {
    fed_ += octets.size();
    redisReaderFeed(reader_.get(), octets.data(), octets.size());
}

RedisReader::Result RedisReader::next() {
    void* complete = nullptr;
    if (redisReaderGetReply(reader_.get(), &complete) != REDIS_OK) return Result::broken;
    if (complete == nullptr) return fed_ > reply_octets_max_ ? Result::broken : Result::more;
    // Octets fed beyond this reply belong to the next one.
    fed_ = reader_->len - reader_->pos;
    values_ = 0;
    if (root_.kind != RedisReply::Kind::array) root_.elements.clear();
    return Result::reply;
}

std::string RedisReader::error() const {
    if (reader_->err == REDIS_ERR_PROTOCOL) return "it does not speak Redis' protocol";
    return "a reply is larger than it may be";
}

}  // namespace sluice::store
